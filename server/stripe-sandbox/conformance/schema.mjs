// A JSON Schema of Stripe's objects and parameters, read from the declarations of its official SDK:
// nobody here wrote down what Stripe looks like. Prints it, as `{ definitions, objects, requests }`.
import path from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const here = path.dirname(fileURLToPath(import.meta.url));
const resources = path.join(here, "node_modules/stripe/cjs/resources");

// What an object calls itself, and where it is declared.
const OBJECTS = {
  account: ["Accounts", "Account"],
  account_link: ["AccountLinks", "AccountLink"],
  balance: ["Balance", "Balance"],
  balance_transaction: ["BalanceTransactions", "BalanceTransaction"],
  "billing_portal.session": ["BillingPortal/Sessions", "Session"],
  charge: ["Charges", "Charge"],
  "checkout.session": ["Checkout/Sessions", "Session"],
  credit_note: ["CreditNotes", "CreditNote"],
  customer: ["Customers", "Customer"],
  dispute: ["Disputes", "Dispute"],
  event: ["Events", "EventBase"],
  invoice: ["Invoices", "Invoice"],
  invoice_payment: ["InvoicePayments", "InvoicePayment"],
  invoiceitem: ["InvoiceItems", "InvoiceItem"],
  line_item: ["InvoiceLineItems", "InvoiceLineItem"],
  login_link: ["LoginLinks", "LoginLink"],
  payment_intent: ["PaymentIntents", "PaymentIntent"],
  payment_method: ["PaymentMethods", "PaymentMethod"],
  payout: ["Payouts", "Payout"],
  refund: ["Refunds", "Refund"],
  setup_intent: ["SetupIntents", "SetupIntent"],
  transfer: ["Transfers", "Transfer"],
  transfer_reversal: ["TransferReversals", "TransferReversal"],
  webhook_endpoint: ["WebhookEndpoints", "WebhookEndpoint"],
};

// What a call's parameters are declared as. `*` stands for an id.
const REQUESTS = {
  "POST /v1/accounts": ["Accounts", "AccountCreateParams"],
  "POST /v1/accounts/*": ["Accounts", "AccountUpdateParams"],
  "POST /v1/account_links": ["AccountLinks", "AccountLinkCreateParams"],
  "GET /v1/balance_transactions": ["BalanceTransactions", "BalanceTransactionListParams"],
  "POST /v1/billing_portal/sessions": ["BillingPortal/Sessions", "SessionCreateParams"],
  "POST /v1/checkout/sessions": ["Checkout/Sessions", "SessionCreateParams"],
  "POST /v1/credit_notes": ["CreditNotes", "CreditNoteCreateParams"],
  "POST /v1/customers": ["Customers", "CustomerCreateParams"],
  "POST /v1/customers/*": ["Customers", "CustomerUpdateParams"],
  "POST /v1/disputes/*": ["Disputes", "DisputeUpdateParams"],
  "GET /v1/events": ["Events", "EventListParams"],
  "POST /v1/invoices": ["Invoices", "InvoiceCreateParams"],
  "GET /v1/invoices": ["Invoices", "InvoiceListParams"],
  "POST /v1/invoices/*/add_lines": ["Invoices", "InvoiceAddLinesParams"],
  "POST /v1/invoices/*/finalize": ["Invoices", "InvoiceFinalizeInvoiceParams"],
  "POST /v1/invoices/*/pay": ["Invoices", "InvoicePayParams"],
  "POST /v1/invoices/*/void": ["Invoices", "InvoiceVoidInvoiceParams"],
  "POST /v1/invoiceitems": ["InvoiceItems", "InvoiceItemCreateParams"],
  "POST /v1/payment_methods/*/attach": ["PaymentMethods", "PaymentMethodAttachParams"],
  "POST /v1/payouts": ["Payouts", "PayoutCreateParams"],
  "GET /v1/payouts": ["Payouts", "PayoutListParams"],
  "POST /v1/refunds": ["Refunds", "RefundCreateParams"],
  "POST /v1/transfers": ["Transfers", "TransferCreateParams"],
  "GET /v1/transfers": ["Transfers", "TransferListParams"],
  "POST /v1/transfers/*/reversals": ["Transfers", "TransferCreateReversalParams"],
  "POST /v1/webhook_endpoints": ["WebhookEndpoints", "WebhookEndpointCreateParams"],
};

const wanted = [...Object.values(OBJECTS), ...Object.values(REQUESTS)];
const files = [...new Set(wanted.map(([file]) => path.join(resources, `${file}.d.ts`)))];
const program = ts.createProgram(files, {
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Node10,
  skipLibCheck: true,
  strict: true,
  target: ts.ScriptTarget.ESNext,
});
const checker = program.getTypeChecker();
const definitions = {};
const names = new Map();

function nameOf(type) {
  let name = names.get(type);
  if (!name) {
    const base = (type.aliasSymbol ?? type.symbol)?.name ?? "anonymous";
    name = `${base.replace(/\W/g, "")}_${names.size}`;
    names.set(type, name);
    definitions[name] = {};
    definitions[name] = members(type);
  }
  return { $ref: `#/definitions/${name}` };
}

function members(type) {
  const index = checker.getIndexInfosOfType(type)[0];
  const schema = { type: "object", properties: {}, required: [] };
  for (const property of type.getProperties()) {
    if (property.name === "lastResponse" || property.name.startsWith("__")) continue;
    const isOptional = Boolean(property.flags & ts.SymbolFlags.Optional);
    schema.properties[property.name] = convert(checker.getTypeOfSymbol(property), isOptional);
    if (!isOptional) schema.required.push(property.name);
  }
  // What is declared without any member may be anything, as the object of an event.
  const isOpen = type.getProperties().length === 0;
  schema.additionalProperties = index ? convert(index.type, false) : isOpen;
  return schema;
}

function convert(type, isOptional) {
  const flags = type.flags;
  if (flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) return {};
  if (flags & ts.TypeFlags.Null) return { type: "null" };
  if (type.isStringLiteral()) return { const: type.value };
  if (type.isNumberLiteral()) return { const: type.value };
  if (flags & ts.TypeFlags.BooleanLiteral) return { type: "boolean" };
  if (flags & ts.TypeFlags.Boolean) return { type: "boolean" };
  if (flags & ts.TypeFlags.StringLike) return { type: "string" };
  if (flags & ts.TypeFlags.NumberLike) return { type: "number" };
  if (type.isUnion()) {
    const parts = type.types.filter((part) => !(part.flags & ts.TypeFlags.Undefined));
    const seen = new Map();
    for (const part of parts) {
      const schema = convert(part, false);
      seen.set(JSON.stringify(schema), schema);
    }
    const all = [...seen.values()];
    // An open enumeration takes any text.
    const isOpen = all.some((schema) => schema.type === "string");
    const kept = all.filter((schema) => !(isOpen && "const" in schema));
    return kept.length === 1 ? kept[0] : { anyOf: kept };
  }
  // A decimal of the SDK is text on the wire.
  if (type.getProperty("toFixed") && type.getProperty("toNumber")) return { type: "string" };
  // `string & {}` is how an open enumeration is written.
  if (type.isIntersection()) {
    if (type.types.some((part) => part.flags & ts.TypeFlags.StringLike)) return { type: "string" };
    return nameOf(type);
  }
  if (checker.isArrayType(type)) {
    return { type: "array", items: convert(checker.getTypeArguments(type)[0], isOptional) };
  }
  return nameOf(type);
}

function declared([file, name]) {
  const source = program.getSourceFile(path.join(resources, `${file}.d.ts`));
  let found;
  const look = (node) => {
    const isOne = ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node);
    if (isOne && node.name.text === name) found ??= node;
    if (ts.isModuleDeclaration(node) || ts.isModuleBlock(node)) ts.forEachChild(node, look);
  };
  ts.forEachChild(source, look);
  if (!found) throw new Error(`${name} is not declared in ${file}`);
  return convert(checker.getTypeAtLocation(found.name), false);
}

const all = (wanted) =>
  Object.fromEntries(Object.entries(wanted).map(([key, place]) => [key, declared(place)]));
const objects = all(OBJECTS);
const requests = all(REQUESTS);
process.stdout.write(JSON.stringify({ definitions, objects, requests }));
