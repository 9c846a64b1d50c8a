import { Client, chooseOne, find, h, onSubmit, say, showPeople } from "/examples/client.js";

// The session that the server gave this user here, if any: with it a reload is the same session.
const session = ({ _id }) => `session of ${_id}`;
const credentials = ({ user, token }) => ({
  auth: { sessionID: sessionStorage.getItem(session(user)) ?? undefined, userID: user._id, username: user.name, token },
});

const client = new Client({ contract: "notifications", credentials });
const talk = find("talk");
const receiver = chooseOne(find("to"), "To");
const shown = new Set(); // ids: what is not confirmed comes again

client.onOtherUser(() => shown.clear());

async function confirm({ id }, button) {
  const answer = await client.ask("confirmNotification", { notificationId: id, userId: client.user._id });
  if (answer?.confirmed) button.replaceWith(h("span", { class: "done" }, "✓ confirmed"));
}

client.on("session", ({ sessionID }) => sessionStorage.setItem(session(client.user), sessionID));
client.on("users", (users) => {
  const person = ({ username, userID, connected }) => ({
    name: username,
    online: connected,
    detail: userID === client.user._id ? "you" : undefined,
  });
  showPeople(find("people"), users.map(person), "Nobody.");
});
client.on("newNotification", (notification) => {
  if (shown.has(notification.id)) return;
  shown.add(notification.id);
  const button = h("button", { type: "button", class: "small" }, "Confirm");
  button.addEventListener("click", () => confirm(notification, button));
  say(talk, { text: notification.message, at: notification.createdAt }, button);
});
client.on("exception", ({ message }) => client.warn([message].flat().join(", ")));

onSubmit("write", async ({ text, by }, form) => {
  const notification = { message: text, userId: receiver() };
  if (by === "event") {
    const answer = await client.ask("sendNotification", notification);
    if (answer?.id) form.elements.text.value = "";
  } else {
    const answer = await client.rest("POST", "/notification/send", notification);
    client.warn(answer.ok ? "" : [answer.body.message].flat().join(", "));
    if (answer.ok) form.elements.text.value = "";
  }
});
