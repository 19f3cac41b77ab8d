// The least a banner can be: a box that asks, a cookie that remembers, nothing held back.
(() => {
  const NAME = 'floor';
  const show = () => {
    const box = document.createElement('div');
    box.id = 'floor';
    box.style.cssText = 'position:fixed;inset:auto 1em 1em auto;width:24em;padding:1em;border:1px solid;background:#fff;z-index:9';
    const text = document.createElement('p');
    text.textContent = 'Ce site voudrait mesurer son audience et montrer de la publicité. Acceptez-vous ?';
    const answer = (id, label) => {
      const button = document.createElement('button');
      button.id = id;
      button.textContent = label;
      button.onclick = () => {
        document.cookie = NAME + '=' + id + '; Path=/; Max-Age=15552000; SameSite=Lax';
        box.remove();
      };
      return button;
    };
    box.append(text, answer('refuse', 'Tout refuser'), ' ', answer('accept', 'Tout accepter'));
    document.body.append(box);
  };
  if (!document.cookie.includes(NAME + '=')) addEventListener('DOMContentLoaded', show);
})();
