// The sandbox as the official Node SDK sees it: a buyer's way and a creator's way, each from end to
// end. Usage: node suite.mjs URL
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { test } from "node:test";
import Stripe from "stripe";

const url = new URL(process.argv[2] ?? process.env.SANDBOX_URL);
const stripe = new Stripe("sk_test_conformance", {
  host: url.hostname,
  port: url.port,
  protocol: "http",
  maxNetworkRetries: 0,
});

const post = async (address, fields) => {
  const answer = await fetch(new URL(address, url), {
    body: new URLSearchParams(fields),
    method: "POST",
    redirect: "manual",
  });
  return answer.headers.get("location");
};
const order = (name, fields = {}) => post("/_sandbox/order", { order: name, ...fields });
const until = async (look) => {
  for (let turn = 0; turn < 200; turn += 1) {
    const found = await look();
    if (found) return found;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error("it did not happen in time");
};

test("a buyer leaves a card, is billed and gets a part back", async () => {
  const customer = await stripe.customers.create({ email: "bo@example.com", name: "Bo" });
  const session = await stripe.checkout.sessions.create({
    cancel_url: "http://example.com/no",
    currency: "eur",
    customer: customer.id,
    mode: "setup",
    success_url: "http://example.com/yes",
  });
  assert.equal(await post(session.url, { number: "4242424242424242" }), "http://example.com/yes");
  const done = await stripe.checkout.sessions.retrieve(session.id, { expand: ["setup_intent"] });
  await stripe.customers.update(customer.id, {
    invoice_settings: { default_payment_method: done.setup_intent.payment_method },
  });
  const draft = await stripe.invoices.create({ currency: "eur", customer: customer.id });
  await stripe.invoiceItems.create({
    amount: 250_500,
    currency: "eur",
    customer: customer.id,
    description: "A month with overage",
    invoice: draft.id,
  });
  await stripe.invoices.finalizeInvoice(draft.id);
  const paid = await stripe.invoices.pay(draft.id);
  assert.deepEqual([paid.status, paid.amount_paid], ["paid", 250_500]);
  const note = await stripe.creditNotes.create({
    amount: 500,
    invoice: draft.id,
    refund_amount: 500,
  });
  assert.equal(note.status, "issued");
  const refund = await stripe.refunds.retrieve(note.refunds[0].refund);
  assert.deepEqual([refund.amount, refund.currency, refund.status], [500, "eur", "succeeded"]);
});

test("a creator is onboarded, paid, and the bank sends it back", async () => {
  const payer = await stripe.customers.create({});
  const card = await stripe.paymentMethods.attach("pm_card_bypassPending", { customer: payer.id });
  const draft = await stripe.invoices.create({ currency: "usd", customer: payer.id });
  await stripe.invoices.addLines(draft.id, { lines: [{ amount: 900_000, description: "Funds" }] });
  await stripe.invoices.pay(draft.id, { payment_method: card.id });

  const account = await stripe.accounts.create({
    capabilities: { transfers: { requested: true } },
    controller: {
      fees: { payer: "application" },
      losses: { payments: "application" },
      stripe_dashboard: { type: "express" },
    },
    country: "US",
  });
  const link = await stripe.accountLinks.create({
    account: account.id,
    refresh_url: "http://example.com/again",
    return_url: "http://example.com/back",
    type: "account_onboarding",
  });
  assert.equal(await post(link.url, { how: "complete" }), "http://example.com/back");
  const key = randomUUID();
  const transfer = () =>
    stripe.transfers.create(
      { amount: 4_200, currency: "usd", destination: account.id, transfer_group: key },
      { idempotencyKey: key },
    );
  const [first, second] = [await transfer(), await transfer()];
  assert.equal(first.id, second.id);
  const acting = { stripeAccount: account.id };
  const balance = await stripe.balance.retrieve({}, acting);
  assert.equal(balance.available[0].amount, 4_200);
  await order("advance", { seconds: "432000" });
  const [payout] = (await stripe.payouts.list({}, acting)).data;
  assert.deepEqual([payout.amount, payout.status], [4_200, "paid"]);
  await order("fail_payout", { payout: payout.id });
  const failed = await stripe.payouts.retrieve(payout.id, {}, acting);
  assert.equal(failed.status, "failed");
  const lines = await stripe.balanceTransactions.list({ type: "payout_failure" }, acting);
  assert.equal(lines.data[0].amount, 4_200);
});

test("errors arrive as the kinds the SDK knows", async () => {
  const kind = async (promise) => promise.then(() => "none", (error) => error.type);
  assert.equal(await kind(stripe.customers.retrieve("cus_none")), "StripeInvalidRequestError");
  const key = randomUUID();
  await stripe.customers.create({ name: "a" }, { idempotencyKey: key });
  const other = stripe.customers.create({ name: "b" }, { idempotencyKey: key });
  assert.equal(await kind(other), "StripeIdempotencyError");
  await order("fault_call", { fault: "too_many", path: "/v1/customers", times: "1" });
  assert.equal(await kind(stripe.customers.create({})), "StripeRateLimitError");
  // The SDK tries a connection that was closed on it once more.
  await order("fault_call", { fault: "cut_before", path: "/v1/customers", times: "2" });
  assert.equal(await kind(stripe.customers.create({})), "StripeConnectionError");
});

test("letters are signed the way the SDK checks them", async () => {
  const letters = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part) => (body += part));
    request.on("end", () => {
      letters.push([body, request.headers["stripe-signature"]]);
      response.end();
    });
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const endpoint = await stripe.webhookEndpoints.create({
    enabled_events: ["customer.created"],
    url: `http://127.0.0.1:${server.address().port}/`,
  });
  const customer = await stripe.customers.create({ name: "Told" });
  const [body, signature] = await until(() => letters.find(([text]) => text.includes(customer.id)));
  const event = stripe.webhooks.constructEvent(body, signature, endpoint.secret, 10 ** 9);
  assert.equal(event.data.object.id, customer.id);
  assert.throws(() => stripe.webhooks.constructEvent(body, signature, "whsec_no", 10 ** 9));
  await stripe.webhookEndpoints.del(endpoint.id);
  server.close();
});
