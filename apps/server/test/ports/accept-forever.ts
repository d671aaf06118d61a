// Started by embedded-crash.test.ts and killed by it: accepts jobs without pause, claims some, and prints what it has promised.
import { createDatabase } from "../../src/adapters/database/create-database.ts";
import { createJobStore } from "../../src/adapters/database/job-store.ts";
import { silentLog } from "../../src/log.ts";
import { acceptOne, claim } from "./set-up.ts";

const [directory = ""] = process.argv.slice(2);
const database = await createDatabase({ directory, log: silentLog });
const jobs = createJobStore(database.db);
for (let n = 0; ; n++) {
  process.stdout.write(`${await acceptOne(jobs)}\n`);
  if (n % 10 === 0) await claim(jobs);
}
