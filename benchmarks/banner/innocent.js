// What a page does that no rule is about. Each deed is timed apart from the others, from outside.
window.work = {
  'document.cookie, 10 000 reads'() {
    let length = 0;
    for (let i = 0; i < 10_000; i++) length += document.cookie.length;
    return length;
  },
  'document.cookie, 500 writes'() {
    for (let i = 0; i < 500; i++) document.cookie = 'basket=' + i + '; Path=/';
  },
  'localStorage, 10 000 reads and writes'() {
    for (let i = 0; i < 5_000; i++) {
      localStorage.setItem('item' + (i % 50), 'value ' + i);
      localStorage.getItem('item' + (i % 50));
    }
  },
  '1 000 elements created and inserted'() {
    const list = document.body.appendChild(document.createElement('div'));
    for (let i = 0; i < 1_000; i++) {
      const item = document.createElement(i % 10 ? 'p' : 'img');
      if (i % 10) item.textContent = 'Item ' + i;
      else item.src = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7';
      list.appendChild(item);
    }
  },
  'innerHTML of 1 000 rows'() {
    let rows = '';
    for (let i = 0; i < 1_000; i++) rows += '<tr class="row"><td>' + i + '</td><td><a href="/item/' + i + '">Item</a></td><td>12,50 €</td></tr>';
    document.body.appendChild(document.createElement('table')).innerHTML = rows;
  },
  '10 000 setAttribute'() {
    const item = document.body.appendChild(document.createElement('p'));
    for (let i = 0; i < 10_000; i++) item.setAttribute(i % 2 ? 'class' : 'data-state', 'state-' + i);
  },
  async '1 000 fetches'() {
    for (let i = 0; i < 100; i++) await Promise.all(Array.from({ length: 10 }, async () => (await fetch('/files/item.json')).json()));
  },
};
