// Renews what has changed on a page of something that goes on, and stops with it.
"use strict";

const PAUSE = 1000; // milliseconds
const stale = document.getElementById("stale");
let tag = "";

// What has an id stays the element that it was, so that a focus on it stays too.
function renew(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== Node.ELEMENT_NODE || old.nodeName !== fresh.nodeName) {
    old.replaceWith(fresh);
    return;
  }
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) old.setAttribute(name, value);
  const known = new Set([...old.children].map((node) => node.id));
  const nodes = [...fresh.childNodes];
  nodes.forEach((node, place) => {
    const here = old.childNodes[place];
    const other = (node.id && !known.has(node.id)) || (here?.id ?? "") !== (node.id ?? "");
    if (!here || other) old.insertBefore(node, here ?? null);
    else renew(here, node);
  });
  [...old.childNodes].slice(nodes.length).forEach((node) => node.remove());
}

function show(page) {
  const root = document.documentElement;
  const atEnd = document.querySelector("pre.log") && innerHeight + scrollY >= root.scrollHeight - 80;
  renew(document.querySelector("main"), page.querySelector("main"));
  document.title = page.title;
  if (atEnd) scrollTo(scrollX, root.scrollHeight);
}

async function look() {
  const answer = await fetch(location.href, { headers: tag ? { "If-None-Match": tag } : {} });
  if (answer.status === 304) return true;
  if (!answer.ok && answer.status !== 404) throw new Error(answer.statusText);
  tag = answer.headers.get("ETag") ?? "";
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  show(page);
  return page.querySelector("script") !== null;
}

async function follow() {
  let goesOn = true;
  try {
    if (!document.hidden) goesOn = await look();
    stale.hidden = true;
  } catch {
    stale.hidden = false; // the server is away, and may come back
  }
  if (goesOn) setTimeout(follow, PAUSE);
}

setTimeout(follow, PAUSE);
