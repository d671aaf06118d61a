// Loaded into the service with `--import`: names are answered from a list instead of by name servers, and the clock may run ahead.
import { promises } from "node:dns";

const { searchParams } = new URL(import.meta.url);
const list = JSON.parse(searchParams.get("names") ?? "{}") as Record<string, readonly (readonly string[])[]>;
const aheadMs = Number(searchParams.get("aheadMs") ?? 0);
const counts = new Map<string, number>();

/** The answer whose turn it is; the last one stays. */
function answer(name: string, family: 4 | 6): Promise<string[]> {
  const answers = list[name.toLowerCase()] ?? [];
  const count = counts.get(`${name}/${family}`) ?? 0;
  counts.set(`${name}/${family}`, count + 1);
  const addresses = (answers[Math.min(count, answers.length - 1)] ?? []).filter(
    (address) => address.includes(":") === (family === 6),
  );
  if (addresses.length > 0) return Promise.resolve(addresses);
  return Promise.reject(Object.assign(new Error(`The list knows no ${name}.`), { code: "ENOTFOUND" }));
}

// The two that the service calls, without their further forms.
Object.assign(promises.Resolver.prototype, {
  resolve4: (name: string) => answer(name, 4),
  resolve6: (name: string) => answer(name, 6),
});

if (aheadMs > 0) {
  const now = Date.now.bind(Date);
  Date.now = () => now() + aheadMs;
}
