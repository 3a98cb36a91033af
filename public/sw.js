// Shows what the app wants to tell with answers beside it (screens 19), and says which one was chosen to the page that made
// it. It keeps nothing, holds no key and sees no request: there is no handler for them. A notification names its conversation
// by a tag that means something to that page only, and only until the account is locked.

// So long a page may take to claim a notification (ms). Browsers let a worker open a window only shortly after a press.
const PATIENCE_MS = 500;

// Nothing of an earlier version can be in use: pages are not served from here.
addEventListener("install", () => skipWaiting());

addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(choose(event.notification, event.action, event.reply ?? ""));
});

async function choose(notification, action, reply) {
  const pages = await clients.matchAll({ type: "window", includeUncontrolled: true });
  const claims = pages.map((page) => claim(page, { tag: notification.tag, action, reply }));
  const late = new Promise((done) => setTimeout(done, PATIENCE_MS));
  const claimed = await Promise.race([...claims, late]);
  if (claimed) {
    if (claimed.front) await claimed.page.focus();
    return;
  }
  // Nobody knows it any more: the account is locked, or its page is gone.
  if (reply) {
    await registration.showNotification(notification.data, { tag: "late", icon: notification.icon });
  }
  if (pages.length > 0) await pages[0].focus();
  else await clients.openWindow("/");
}

// Comes back when the page says that the notification is its own, and whether the page wants to come to the front.
function claim(page, chosen) {
  return new Promise((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => done({ page, front: data === true });
    page.postMessage(chosen, [port2]);
  });
}
