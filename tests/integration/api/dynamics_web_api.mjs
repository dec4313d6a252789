// What a program does that uses dynamics-web-api, with its findings as JSON on standard output.
import { createRequire } from "node:module";
const require = createRequire(process.env.POSTROOM_TEST_MODULES);
const { DynamicsWebApi } = require("dynamics-web-api");

const api = new DynamicsWebApi({
  serverUrl: process.env.POSTROOM_TEST_URL,
  dataApi: { version: "9.2" },
  onTokenRefresh: async () => process.env.POSTROOM_TEST_KEY,
});
const found = {};

found.who = await api.callFunction({ functionName: "WhoAmI" });
const account = await api.create({ collection: "accounts", data: { name: "Contoso" } });
const made = await api.create({
  collection: "contacts",
  data: { lastname: "A", "parentcustomerid_account@odata.bind": `/accounts(${account})` },
  returnRepresentation: true,
});
found.made = made.lastname;
for (const lastname of ["B", "C"]) await api.create({ collection: "contacts", data: { lastname } });
await api.update({ collection: "contacts", key: made.contactid, data: { firstname: "Ann" } });
const row = await api.retrieve({
  collection: "contacts",
  key: made.contactid,
  select: ["lastname", "firstname"],
  expand: [{ property: "parentcustomerid_account", select: ["name"] }],
  includeAnnotations: "*",
});
found.row = [row.lastname, row.firstname, row.parentcustomerid_account.name];

const first = await api.retrieveMultiple({
  collection: "contacts", select: ["lastname"], orderBy: ["lastname"], maxPageSize: 2, count: true,
});
found.pages = [first.value.map((each) => each.lastname), first.oDataCount, Boolean(first.oDataNextLink)];
const all = await api.retrieveAll({ collection: "contacts", select: ["lastname"], orderBy: ["lastname"] });
found.all = all.value.map((each) => each.lastname);
found.count = await api.count({ collection: "contacts", filter: "lastname ne 'A'" });
const fetched = await api.fetch({
  collection: "contacts",
  fetchXml: '<fetch count="2"><entity name="contact"><attribute name="lastname"/><order attribute="lastname"/></entity></fetch>',
});
found.fetched = fetched.value.map((each) => each.lastname);

const other = all.value[1].contactid;
await api.associate({
  collection: "accounts", primaryKey: account, relationshipName: "contact_customer_accounts",
  relatedCollection: "contacts", relatedKey: other,
});
const related = async () =>
  (await api.retrieve({ collection: "accounts", key: account, expand: [{ property: "contact_customer_accounts" }] }))
    .contact_customer_accounts.length;
found.associated = await related();
await api.disassociate({
  collection: "accounts", primaryKey: account, relationshipName: "contact_customer_accounts", relatedKey: other,
});
found.disassociated = await related();
await api.associateSingleValued({
  collection: "accounts", primaryKey: account, navigationProperty: "primarycontactid",
  relatedCollection: "contacts", relatedKey: other,
});

await api.upsert({ collection: "accounts", key: "accountnumber='A-1'", data: { name: "One" } });
await api.upsert({ collection: "accounts", key: "accountnumber='A-1'", data: { name: "Uno" } });
found.upserted = (await api.retrieveMultiple({ collection: "accounts", filter: "accountnumber eq 'A-1'" })).value.map((each) => each.name);

api.startBatch();
api.create({ collection: "contacts", data: { lastname: "Batch" }, contentId: "1" });
api.create({ collection: "accounts", data: { name: "Batch", "primarycontactid@odata.bind": "$1" } });
api.retrieveMultiple({ collection: "accounts", select: ["name"], filter: "name eq 'Batch'", inChangeSet: false });
const batch = await api.executeBatch();
found.batch = batch.length;
found.batched = batch[2].value.map((each) => each.name);

const stale = await api.retrieve({ collection: "accounts", key: account, select: ["name"] });
await api.update({ collection: "accounts", key: account, data: { name: "Newer" } });
// The client answers false where the server says that the version is another by now.
found.stale = await api.update({
  collection: "accounts", key: account, data: { name: "Lost" }, ifmatch: stale["@odata.etag"],
});
found.kept = (await api.retrieve({ collection: "accounts", key: account, select: ["name"] })).name;
const table = await api.retrieveEntity({ key: "LogicalName='contact'", select: ["LogicalName", "EntitySetName"] });
found.table = table.EntitySetName;
found.choices = (await api.retrieveAttributes({
  entityKey: "LogicalName='email'", castType: "Microsoft.Dynamics.CRM.PicklistAttributeMetadata", select: ["LogicalName"],
})).value.some((each) => each.LogicalName === "prioritycode");
await api.deleteRecord({ collection: "contacts", key: made.contactid });
try {
  await api.retrieve({ collection: "contacts", key: made.contactid });
} catch (fault) {
  found.gone = [fault.status, fault.code];
}
console.log(JSON.stringify(found));
