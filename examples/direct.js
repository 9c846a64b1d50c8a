import { Client, chooseOne, find, h, nameOf, onSubmit, say } from "/examples/client.js";

// A browser can set a header on polling only; without polling the token goes into the auth object.
const credentials = ({ token, transports }) =>
  transports.value === "websocket" ? { auth: { token } } : { extraHeaders: { Authorization: `Bearer ${token}` } };

const client = new Client({ contract: "direct", credentials });
const talk = find("talk");
const receiver = chooseOne(find("to"), "To");
const shown = new Map(); // id of a chat -> its button

client.onOtherUser(() => shown.clear());

function show(chat) {
  if (!shown.has(chat.id)) {
    const button = h("button", { type: "button", class: "small", onclick: () => acknowledge(chat) }, "Acknowledge");
    shown.set(chat.id, button);
    say(talk, { from: nameOf(chat.sender), text: chat.message, at: chat.createdAt }, button);
  }
  if (chat.received) received(chat.id);
  else if (find("acknowledge").checked) acknowledge(chat);
}

async function acknowledge({ id }) {
  if ((await client.ask("receive message", { chatId: id }))?.received) received(id);
}

function received(id) {
  shown.get(id).replaceWith(h("span", { class: "done" }, "✓ acknowledged"));
}

client.on("message", show);
client.on("unreceived messages", (chats) => chats.forEach(show));
client.on("all messages", (bySender) => Object.values(bySender).flat().forEach(show));
client.on("error", ({ message }) => client.warn(message));

for (const [button, event] of [["ping", "ping"], ["all", "all messages"], ["unreceived", "unreceived messages"]]) {
  find(button).addEventListener("click", () => client.emit(event));
}

onSubmit("write", async ({ text }, form) => {
  const to = receiver();
  const chat = await client.ask("send message", { receiver: to, message: text });
  if (!chat?.id) return; // an error event says why
  say(talk, { from: `You to ${nameOf(to)}`, text, at: chat.createdAt, mine: true });
  form.elements.text.value = "";
});
