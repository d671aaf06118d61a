import * as z from "zod";

export const health = z
  .object({
    status: z.enum(["healthy", "degraded", "unhealthy"]).describe("`degraded`: the service works, the GPU is away."),
    gpu: z.object({
      reachable: z.boolean(),
      name: z.string().optional(),
      simulated: z.boolean().optional().describe("True when an emulator answers instead of a GPU."),
      version: z.string().optional(),
      vramTotalBytes: z.number().optional(),
      vramFreeBytes: z.number().optional(),
    }),
    latency_ms: z.number().describe("Milliseconds of the last look at the GPU."),
    version: z.string(),
    durability: z
      .enum(["process", "server"])
      .describe(
        "`process`: the embedded database survives a crash of the process, not a power cut. `server`: PostgreSQL.",
      ),
  })
  .meta({ id: "Health" });
export type Health = z.infer<typeof health>;

export const ping = z.object({ reachable: z.boolean(), latency_ms: z.number() }).meta({ id: "Ping" });
export type Ping = z.infer<typeof ping>;
