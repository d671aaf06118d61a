// Started by courier-crash.test.ts and killed by it: delivers what the database in a directory owes.
import { createDatabase } from "../../src/adapters/database/create-database.ts";
import { silentLog } from "../../src/log.ts";
import { createWebhookParts } from "../ports/webhook-set-up.ts";
import { startCourier } from "./start-courier.ts";

const [directory = ""] = process.argv.slice(2);
const database = await createDatabase({ directory, log: silentLog });
await startCourier(createWebhookParts(() => database));
