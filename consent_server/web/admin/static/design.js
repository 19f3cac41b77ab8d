// The preview and the checks follow the form as one types. Without this, “Show” does the same when it is pressed.
(() => {
  const form = document.querySelector('form.design');
  const show = document.getElementById('show');
  const findings = document.getElementById('findings');
  const PAUSE_MS = 400;
  let waiting = 0;
  let asked = 0;

  const check = async () => {
    const mine = ++asked;
    const answer = await fetch(form.dataset.check, { method: 'POST', body: new FormData(form) }).catch(() => null);
    if (answer?.ok && mine === asked) {
      const told = await answer.text();
      if (told !== findings.innerHTML) findings.innerHTML = told; // made by our own server, with every text escaped
    }
  };
  const refresh = () => {
    form.requestSubmit(show);
    check();
  };
  form.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(refresh, PAUSE_MS);
  });
  refresh();
})();
