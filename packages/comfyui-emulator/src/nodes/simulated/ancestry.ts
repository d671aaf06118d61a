/** Classes whose result needs weights: here it is made up. */
const SIMULATED = /^(KSampler|SamplerCustomAdvanced|VAE(Decode|Encode)|F5TTS|SONIC|ImageUpscaleWithModel)/;

/** What files say in their metadata when anything in them is made up. */
export const SIMULATED_NOTE = "SIMULATED by @comfy/comfyui-emulator: no model was run";

/** True when a node, or any node that it gets values from, only simulates a model. */
export function hasSimulatedAncestor(graph: unknown, nodeId: string): boolean {
  const seen = new Set<string>();
  const toVisit = [nodeId];
  for (let id = toVisit.pop(); id !== undefined; id = toVisit.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    const node = memberOf(graph, id);
    if (SIMULATED.test(String(memberOf(node, "class_type")))) return true;
    const inputs = memberOf(node, "inputs");
    if (typeof inputs !== "object" || inputs === null) continue;
    for (const value of Object.values(inputs)) {
      if (Array.isArray(value) && value.length === 2 && typeof value[0] === "string") toVisit.push(value[0]);
    }
  }
  return false;
}

function memberOf(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Object.getOwnPropertyDescriptor(value, key)?.value : undefined;
}
