import { openRoute, type Route, type RouteMode, type RouteOptions } from "./route.ts";

/** What the process is told over its IPC channel; it answers each order with its `id`. */
export type Order =
  | { readonly id: number; readonly type: "open"; readonly name: string; readonly route: RouteOptions }
  | { readonly id: number; readonly type: "mode"; readonly name: string; readonly mode: RouteMode };

// The network between the processes, as a process of its own: it goes on while the one that gives the orders is busy.
const routes = new Map<string, Route>();

async function obey(order: Order): Promise<void> {
  if (order.type === "open") routes.set(order.name, await openRoute(order.route));
  else routes.get(order.name)?.setMode(order.mode);
}

process.on("message", (order: Order) => {
  obey(order).then(
    () => process.send?.({ id: order.id }),
    (error: unknown) => process.send?.({ id: order.id, problem: String(error) }),
  );
});
// Without the one that gives the orders there is nothing to connect.
process.on("disconnect", () => process.exit(0));
