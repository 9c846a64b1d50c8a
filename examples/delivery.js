// What the two gateways of presence have in common: a message to many, and whom it reached.

import { chooseMany, find, h, nameOf, onSubmit, say } from "/examples/client.js";

/** Send what the form `write` says, and show whom it reached. `complete` may add to the metadata, or make some. */
export function deliver(client, complete = (metadata) => metadata) {
  const recipients = chooseMany(find("to"));
  onSubmit("write", async ({ text, metadata }, form) => {
    const message = { recipientIds: recipients(), message: text };
    try {
      message.metadata = complete(metadata.trim() ? JSON.parse(metadata) : undefined);
    } catch (error) {
      client.warn(`The metadata is no JSON: ${error.message}`);
      return;
    }
    const answer = await client.ask("send_message", message);
    if (!answer) return;
    const names = (ids = []) => ids.map(nameOf).join(", ") || "nobody";
    const { sent, failed } = answer.recipients ?? {};
    client.warn(answer.status === "sent" ? "" : String(answer.error ?? "Not sent"));
    const reached = h("span", { class: "meta" }, `sent to ${names(sent)}, failed: ${names(failed)}`);
    say(find("talk"), { from: "You", text, at: answer.timestamp, mine: true, note: answer.status }, reached);
    form.elements.text.value = "";
  });
  find("ping").addEventListener("click", () => client.ask("ping"));
}
