<?php
// Consent guard for PHP 8.1 or newer: what consent_server.guard does for Python, in one file. How to install it:
// docs/how-to-guard.md, which says what it does and does not. It sends no policy.
//
// A mistake of its own never breaks a page: it goes to the error log.

declare(strict_types=1);

namespace ConsentServer;

final class Guard
{
    private const LONGEST_LIFE = 33955200; // 393 days
    private const DAY = 86400;
    private const EPOCH = 1577836800; // 2020-01-01, from which days are counted
    private const REMEMBERED = 40;
    private const READ_AT_MOST = 65536;
    private const MOST_NAMES = 300;
    private const MOST_ADDED = 2048; // bytes of deletions in one response: servers in front give up on large heads
    private const DEEPEST = 11;
    private const COOKIE = 'eu-consent';
    private const MEMORY = 'eu-consent-writes';
    private const OURS = ['eu-consent', 'eu-consent-outbox', 'eu-consent-writes', 'eu-consent-receipt', 'eu-consent-probe'];
    // What the banner writes, and nothing else.
    private const ANSWERS = '\{("[a-z0-9][a-z0-9_-]{0,62}":(true|false),?)*\}';
    private const CHOICE = '/^\{"purposes":' . self::ANSWERS . ',("services":' . self::ANSWERS . ',)?"version":[1-9]\d{0,14},'
        . '"id":"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",'
        . '"time":"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.\d{3}Z"\}$/D';
    private const PLAIN_DATE = '/^([A-Za-z]+, )?\d\d?[ -][A-Za-z]{3}[ -](\d\d)?\d\d \d\d:\d\d:\d\d( GMT| UTC)?$/D';
    private const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

    /** @var array<string, list<string>> name → values, as the browser sent them */
    private array $sent = [];
    private array $purposes;
    private ?array $choice;
    private int $now;
    private string $host;
    private string $path;
    private string $secure;
    private string $mark = '------'; // which choice was set by HTTP already
    private array $days = []; // digest of a cookie's name → day of its first write
    private array $remembered;

    public static function start(string $file): void
    {
        try {
            $rules = json_decode((string) @file_get_contents($file), true);
            if (is_array($rules)) { // without rules nothing can be judged
                $guard = new self($rules);
                header_register_callback(static fn () => $guard->respond());
            }
        } catch (\Throwable $error) {
            error_log("consent guard: $error");
        }
    }

    private function __construct(private array $rules)
    {
        $this->now = time();
        $this->purposes = array_column($rules['purposes'], null, 'id');
        $this->host = rtrim(strtolower((string) preg_replace('/:\d+$/D', '', $_SERVER['HTTP_HOST'] ?? '')), '.');
        $this->path = explode('?', $_SERVER['REQUEST_URI'] ?? '/')[0];
        $proxy = strtolower(trim(explode(',', $_SERVER['HTTP_X_FORWARDED_PROTO'] ?? '')[0]));
        $this->secure = $proxy === 'https' || !in_array($_SERVER['HTTPS'] ?? '', ['', 'off'], true) ? '; Secure' : '';
        $header = substr($_SERVER['HTTP_COOKIE'] ?? '', 0, self::READ_AT_MOST);
        foreach (explode(';', $header) as $pair) {
            [$name, $value] = explode('=', trim($pair, " \t"), 2) + [1 => null];
            if ($value !== null && trim($name, " \t") !== '' && count($this->sent) < self::MOST_NAMES) {
                $this->sent[trim($name, " \t")][] = $value;
            }
        }
        $this->choice = $this->readChoice();
        $this->readMemory();
        $this->hide($header);
    }

    /** The application reads what is granted, and nothing else. */
    private function hide(string $header): void
    {
        $refused = [];
        foreach (array_keys($this->sent) as $name) {
            if (!$this->judge((string) $name, [$this->host])['allowed']) {
                $refused[] = (string) $name;
                unset($_COOKIE[strtr(explode('[', (string) $name)[0], '. ', '__')]); // as PHP spells names
            }
        }
        if ($refused) {
            $kept = array_filter(explode(';', $header), static fn ($pair) => !str_contains($pair, '=')
                || !in_array(trim(explode('=', $pair)[0], " \t"), $refused, true));
            $_SERVER['HTTP_COOKIE'] = ltrim(implode(';', $kept), " \t");
        }
    }

    private function readChoice(): ?array
    {
        $newest = null;
        foreach ($this->sent[self::COOKIE] ?? [] as $text) {
            $spelled = strlen($text) <= 4096 && !preg_match('/%(?![0-9A-Fa-f]{2})/', $text) ? rawurldecode($text) : '';
            $read = preg_match(self::CHOICE, $spelled, $found) ? json_decode($spelled, true) : null;
            [$year, $month, $day, $hour, $minute, $second] = array_map('intval', array_slice($found, -6)) + array_fill(0, 6, 0);
            $sound = is_array($read) && checkdate($month, $day, $year) && $hour < 24 && $minute < 60 && $second < 60;
            $made = gmmktime($hour, $minute, $second, $month, $day, $year);
            if ($sound && $made <= $this->now + self::DAY && ($newest === null || $newest['time'] < $read['time'])) {
                $newest = ['text' => $text, 'made' => $made, 'end' => $this->endOf($made)] + $read + ['services' => []];
            }
        }
        if ($newest === null || $newest['end'] <= $this->now) {
            return null;
        }
        // A yes does not cover what was added to its purpose since.
        $held = array_filter($this->purposes, static fn ($one) => !$one['exempt'] && $one['since'] <= $newest['version']);
        $services = array_filter($this->rules['services'], static fn ($one) => isset($held[$one['purpose'] ?? '']));
        $newest['purposes'] = array_intersect_key($newest['purposes'], $held);
        $newest['services'] = array_intersect_key($newest['services'], array_column($services, null, 'id'));
        return $newest;
    }

    /** The same day so many calendar months later, or the last of that month; never more than 393 days. */
    private function endOf(int $made): int
    {
        $start = new \DateTimeImmutable("@$made");
        $life = new \DateInterval($this->rules['choice_lifetime']);
        $months = $start->modify('+' . (12 * $life->y + $life->m) . ' months');
        $months = $months->format('j') === $start->format('j') ? $months : $months->modify('last day of previous month');
        $rest = $life->d * self::DAY + $life->h * 3600 + $life->i * 60 + $life->s;
        return min($months->getTimestamp() + $rest, $made + self::LONGEST_LIFE);
    }

    /** What one browser remembers: which choice was set by HTTP, and the day of each cookie's first write. */
    private function readMemory(): void
    {
        foreach ($this->sent[self::MEMORY] ?? [] as $value) {
            if (preg_match('/^([\w-]{6})((?:[\w-]{6}[0-9a-z]{3}){0,40})$/D', $value, $found)) {
                $this->mark = $found[1];
                foreach ($found[2] === '' ? [] : str_split($found[2], 9) as $entry) {
                    $day = (int) base_convert(substr($entry, 6), 36, 10);
                    if ($this->isAlive($day)) {
                        $this->days[substr($entry, 0, 6)] = $day;
                    }
                }
                break;
            }
        }
        $this->remembered = [$this->mark, $this->days];
    }

    private function isAlive(int $day): bool
    {
        $start = self::EPOCH + $day * self::DAY;
        return $day >= 0 && $start <= $this->now && $start + self::LONGEST_LIFE > $this->now;
    }

    private static function digest(string $name): string
    {
        return substr(strtr(base64_encode(hash('sha256', $name, true)), '+/', '-_'), 0, 6);
    }

    /** When a cookie set now must be gone; notes now as its first write unless an unfinished life is known. */
    private function lastMoment(string $name, int $seconds): int
    {
        $key = self::digest($name);
        $sent = isset($this->sent[$name]);
        $known = isset($this->days[$key]) ? self::EPOCH + $this->days[$key] * self::DAY : null;
        if ($known !== null && ($sent || $known + $seconds > $this->now)) {
            return $known + $seconds;
        }
        $began = min($sent && $this->choice ? $this->choice['made'] : $this->now, $this->now);
        if ($known === null && count($this->days) >= self::REMEMBERED) {
            return min($began + $seconds, self::EPOCH + min($this->days) * self::DAY + self::LONGEST_LIFE);
        }
        $this->days[$key] = intdiv($began - self::EPOCH, self::DAY);
        return $began + $seconds;
    }

    /** @return array{allowed: bool, lifetime: int, ruled: bool} what becomes of a cookie of this name for these hosts */
    private function judge(string $name, array $hosts): array
    {
        $pass = ['allowed' => true, 'lifetime' => self::LONGEST_LIFE, 'ruled' => false];
        if (in_array($name, self::OURS, true)) {
            return $pass;
        }
        $most = [-1, -1];
        $found = [];
        foreach ($this->rules['services'] as $service) {
            foreach ($service['trackers'] as $tracker) {
                $pattern = $tracker['name'];
                if ($tracker['kind'] !== 'cookie' || !self::matches($pattern, $name) || !self::covers($tracker['domain'], $hosts)) {
                    continue;
                }
                $weight = [str_contains($pattern, '*') ? 0 : 1, strlen(str_replace('*', '', $pattern))];
                $found = $weight > $most ? [] : $found; // the most specific pattern wins
                $most = max($weight, $most);
                if ($weight === $most) {
                    $found[] = $this->verdict($service, $tracker);
                }
            }
        }
        foreach ($found as $verdict) { // of equals one yes is enough
            if ($verdict['allowed']) {
                return $verdict;
            }
        }
        $known = static fn (string $pattern): bool => self::matches($pattern, $name);
        return $found[0] ?? (array_filter($this->rules['known_trackers'], $known) ? ['allowed' => false] + $pass : $pass);
    }

    private function verdict(array $service, array $tracker): array
    {
        $id = $tracker['purpose'] ?? '';
        $exempt = (bool) ($this->purposes[$id]['exempt'] ?? false);
        $answer = $this->choice['purposes'][$id] ?? null;
        $single = $this->choice['services'][$service['id']] ?? null;
        if ($tracker['exemption'] !== null) { // runs before the choice, and stops at an explicit no
            $allowed = $exempt || $answer === true || $single === true || !($answer === false || $single === false);
        } elseif ($id !== '' && $id === $service['purpose'] && $single !== null) {
            $allowed = $single || $exempt;
        } else {
            $allowed = $exempt || $answer === true;
        }
        $declared = $exempt || $tracker['exemption'] !== null ? null : $tracker['lifetime_seconds'];
        return ['allowed' => $allowed, 'lifetime' => min($declared ?? self::LONGEST_LIFE, self::LONGEST_LIFE), 'ruled' => true];
    }

    private static function covers(string $domain, array $hosts): bool
    {
        $domain = strtolower(str_starts_with($domain, '.') ? substr($domain, 1) : $domain);
        $within = static fn (string $host): bool => $host === $domain || str_ends_with($host, ".$domain");
        return $domain === 'site' || (bool) array_filter($hosts, $within);
    }

    /** `*` is any run of characters; linear, and no regular expression is made from data. */
    private static function matches(string $pattern, string $name): bool
    {
        $parts = explode('*', $pattern);
        if (count($parts) === 1) {
            return $pattern === $name;
        }
        $at = strlen($parts[0]);
        $end = strlen($name) - strlen($parts[count($parts) - 1]);
        if ($at > $end || !str_starts_with($name, $parts[0]) || substr($name, $end) !== $parts[count($parts) - 1]) {
            return false;
        }
        foreach (array_slice($parts, 1, -1) as $part) {
            $found = strpos($name, $part, $at);
            if ($found === false || $found + strlen($part) > $end) {
                return false;
            }
            $at = $found + strlen($part);
        }
        return true;
    }

    private function respond(): void
    {
        try {
            $others = $cookies = [];
            foreach (headers_list() as $header) {
                [$name, $value] = array_map('trim', explode(':', $header, 2) + [1 => '']);
                strtolower($name) === 'set-cookie' ? $cookies[] = $value : $others[] = [strtolower($name), strtolower($value)];
            }
            $kept = array_values(array_filter(array_map($this->guarded(...), $cookies), static fn ($one) => $one !== null));
            $added = self::isForEverybody($others) ? [] : $this->added($others, $kept);
            if ($kept !== $cookies) {
                header_remove('Set-Cookie');
            }
            foreach ([...($kept === $cookies ? [] : $kept), ...$added] as $cookie) {
                header("Set-Cookie: $cookie", false);
            }
            if ($added) {
                header('Cache-Control: private', false);
            }
        } catch (\Throwable $error) {
            error_log("consent guard: $error");
        }
    }

    /** One Set-Cookie as it may go out: shorter, or null when it is refused. */
    private function guarded(string $field): ?string
    {
        $attributes = explode(';', $field);
        $pair = array_shift($attributes);
        $name = ltrim($pair, " \t="); // `=_ga=1` reads back as `_ga=1`
        $name = str_contains($name, '=') ? trim(explode('=', $name)[0], " \t") : '';
        [$domain, $latest, $plain] = $this->readAttributes($attributes);
        $kept = array_filter($attributes, static fn ($one) => !in_array(self::key($one), ['max-age', 'expires'], true));
        $ending = fn (?int $end): string => // null: with the browser session
            implode(';', [$pair, ...$kept, ...($end === null ? [] : [' Max-Age=' . max(0, $end - $this->now)])]);
        $said = $plain ? $field : $ending($latest); // in a spelling that every browser reads alike
        if ($latest !== null && $latest <= $this->now) {
            return $said; // a deletion passes
        }
        $verdict = $this->judge($name, [$this->host, $domain ?: $this->host]);
        if (!$verdict['allowed'] || $latest === null) {
            return $verdict['allowed'] ? $said : null;
        }
        if (!$verdict['lifetime']) {
            return $ending(null);
        }
        $ours = in_array($name, self::OURS, true);
        $last = $ours ? $this->now + $verdict['lifetime'] : $this->lastMoment($name, $verdict['lifetime']);
        return $latest > $last ? $ending($last) : $said;
    }

    /** The domain, when it ends by RFC 6265bis 5.6 (null: with the session), and whether every browser reads that alike. */
    private function readAttributes(array $attributes): array
    {
        $domain = '';
        $expires = $maxAge = null;
        $doubtful = $lives = [];
        $plain = true;
        foreach ($attributes as $attribute) {
            $value = trim(substr(strstr($attribute, '=') ?: '=', 1), " \t");
            $key = self::key($attribute);
            if ($key === 'domain') {
                $domain = strtolower(str_starts_with($value, '.') ? substr($value, 1) : $value);
            } elseif ($key === 'expires') {
                $lives[] = $key;
                $date = self::readDate($value);
                $plain = $plain && $date !== null && preg_match(self::PLAIN_DATE, $value);
                $expires = $date ?? $expires;
            } elseif ($key === 'max-age') {
                $lives[] = $key;
                $plain = $plain && preg_match('/^-?\d{1,15}$/D', $value);
            }
            if ($key === 'max-age' && preg_match('/^([+-]?)(\d+)$/D', $value, $found)) {
                $seconds = strlen(ltrim($found[2], '0')) < 16 ? (int) $found[2] : 10 ** 15;
                $at = $this->now + ($found[1] === '-' ? -$seconds : $seconds);
                // Chromium reads a plus, the RFC does not.
                $found[1] === '+' || strlen($value) > 1024 ? $doubtful[] = $at : $maxAge = $at;
            }
        }
        $ends = array_filter([$maxAge ?? $expires, ...$doubtful], static fn ($one) => $one !== null);
        return [$domain, $ends ? max($ends) : null, $plain && $lives === array_unique($lives)];
    }

    private static function key(string $attribute): string
    {
        return strtolower(trim(explode('=', $attribute)[0], " \t"));
    }

    /** RFC 6265bis 5.1.1, which accepts more and less than strtotime. */
    private static function readDate(string $text): ?int
    {
        $clock = $day = $month = $year = null;
        foreach (strlen($text) > 1024 ? [] : preg_split('/[\t\x20-\x2F\x3B-\x40\x5B-\x60\x7B-\x7E]+/', $text) as $token) {
            $named = array_search(strtolower(substr($token, 0, 3)), self::MONTHS, true);
            if ($clock === null && preg_match('/^(\d\d?):(\d\d?):(\d\d?)(?!\d)/', $token, $found)) {
                $clock = array_map('intval', array_slice($found, 1));
            } elseif ($day === null && preg_match('/^(\d\d?)(?!\d)/', $token, $found)) {
                $day = (int) $found[1];
            } elseif ($month === null && $named !== false) {
                $month = $named + 1;
            } elseif ($year === null && preg_match('/^(\d{2,4})(?!\d)/', $token, $found)) {
                $year = (int) $found[1];
            }
        }
        if ($clock === null || $day === null || $month === null || $year === null) {
            return null;
        }
        $year += $year < 70 ? 2000 : ($year < 100 ? 1900 : 0);
        $sound = $year >= 1601 && checkdate($month, $day, $year) && $clock[0] < 24 && $clock[1] < 60 && $clock[2] < 60;
        return $sound ? gmmktime($clock[0], $clock[1], $clock[2], $month, $day, $year) : null;
    }

    /** What a page adds: deletions of leftovers, the choice by HTTP (Safari keeps what a script wrote for seven days), memory. */
    private function added(array $headers, array $kept): array
    {
        $types = array_filter($headers, static fn ($one) => $one[0] === 'content-type');
        $html = preg_match('~^(text/html|application/xhtml\+xml)\s*(;|$)~', end($types)[1] ?? '');
        $asked = $_SERVER['HTTP_SEC_FETCH_DEST'] ?? '';
        $page = $html && ($asked !== '' ? $asked === 'document' : stripos($_SERVER['HTTP_ACCEPT'] ?? '', 'text/html') !== false);
        $added = $page ? $this->deletions() : [];
        $own = array_filter($kept, static fn ($one) => str_starts_with(ltrim($one), self::COOKIE . '='));
        if ($page && $this->choice && !$own && preg_match('/^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+$/D', $this->choice['text'])) {
            $mark = self::digest(self::COOKIE . '=' . $this->choice['text']);
            if ($mark !== $this->mark) { // once is enough
                $rest = '; Max-Age=' . ($this->choice['end'] - $this->now) . "; Path=/; SameSite=Lax$this->secure";
                $added[] = self::COOKIE . "={$this->choice['text']}$rest";
                $this->mark = $mark;
            }
        }
        if ([$this->mark, $this->days] !== $this->remembered) {
            $last = $this->days ? max($this->days) : intdiv($this->now - self::EPOCH, self::DAY);
            $seconds = self::EPOCH + $last * self::DAY + self::LONGEST_LIFE - $this->now;
            $entry = static fn ($day) => str_pad(base_convert((string) $day, 10, 36), 3, '0', STR_PAD_LEFT);
            $value = $this->mark;
            foreach ($this->days as $key => $day) {
                $value .= $key . $entry($day);
            }
            $added[] = self::MEMORY . "=$value; Max-Age=$seconds; Path=/; HttpOnly; SameSite=Lax$this->secure";
        }
        return $added;
    }

    /** First the usual place, then every other, in turns; browsers do not tell where a cookie lies. */
    private function deletions(): array
    {
        $leftover = fn ($name) => preg_match('/^[\x21-\x3a\x3c\x3e-\x7e\x80-\xff]{1,256}$/D', (string) $name)
            && ($verdict = $this->judge((string) $name, [$this->host]))['ruled'] && !$verdict['allowed'];
        $names = array_values(array_filter(array_keys($this->sent), $leftover));
        $places = [];
        foreach ($this->secure ? ['; Secure', '; Secure; SameSite=None; Partitioned'] : [''] as $kind) {
            foreach ($this->paths() as $path) {
                $places[] = [$path, $kind];
            }
        }
        $turn = (int) (microtime(true) * 997);
        $added = [];
        $room = self::MOST_ADDED;
        foreach ([$places[0], ...self::from(array_slice($places, 1), $turn)] as [$path, $kind]) {
            foreach (self::from($names, $turn) as $name) {
                $ways = array_map(static fn ($domain) => "$name=; Max-Age=0; Path=$path$domain$kind", $this->domains());
                $room -= strlen(implode('', $ways)) + 14 * count($ways);
                if ($room < 0) {
                    return $added;
                }
                array_push($added, ...$ways);
            }
        }
        return $added;
    }

    private static function from(array $things, int $turn): array
    {
        $first = $things ? $turn % count($things) : 0;
        return [...array_slice($things, $first), ...array_slice($things, 0, $first)];
    }

    /** Every path of which this one is, or is below. */
    private function paths(): array
    {
        $found = ['/'];
        $parts = array_slice(explode('/', $this->path), 1);
        for ($i = 1; $i < min(count($parts), self::DEEPEST + 1); $i++) {
            $folder = '/' . implode('/', array_slice($parts, 0, $i));
            array_push($found, $folder, "$folder/");
        }
        return array_values(array_filter(array_unique([...$found, $this->path]),
            static fn ($one) => preg_match('~^/[\x21-\x3a\x3c-\x7e]{0,255}$~D', $one)));
    }

    private function domains(): array
    {
        $labels = explode('.', $this->host);
        if (filter_var($this->host, FILTER_VALIDATE_IP) || !preg_match('/^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/D', $this->host)) {
            return [''];
        }
        $suffixes = array_map(static fn ($i) => '; Domain=' . implode('.', array_slice($labels, $i)), array_keys(array_slice($labels, 1)));
        return ['', ...array_slice($suffixes, -4)];
    }

    /** Whether a shared cache may keep this answer: then whatever is added would reach other visitors. */
    private static function isForEverybody(array $headers): bool
    {
        $control = array_column(array_filter($headers, static fn ($one) => $one[0] === 'cache-control'), 1);
        $directives = array_filter(array_map('trim', explode(',', str_replace('"', '', implode(',', $control)))));
        if (array_intersect($directives, ['private', 'no-store'])) {
            return false;
        }
        $lasting = array_filter($directives, static fn ($one) => preg_match('/^(s-maxage|max-age)=(?!0*$)/', $one));
        $named = !$directives && array_intersect(array_column($headers, 0), ['expires', 'surrogate-control', 'cdn-cache-control']);
        return in_array('public', $directives, true) || $lasting || $named;
    }
}

Guard::start(__DIR__ . '/consent.json');
