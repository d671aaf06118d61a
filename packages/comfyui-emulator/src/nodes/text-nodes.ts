import type { NodeClass } from "../node.ts";
import { toPythonJson } from "../python/print-json.ts";
import { toPythonText } from "../python/print-value.ts";
import { PythonFloat } from "../python/values.ts";
import { node, numberInput, pureNode, textInput } from "./inputs.ts";

export const textNodes: readonly NodeClass[] = [
  pureNode("PrimitiveString", (inputs) => [textInput(inputs, "value")]),
  pureNode("PrimitiveInt", (inputs) => [inputs.value ?? numberInput(inputs, "value")]),
  pureNode("StringConcatenate", (inputs) => [
    [textInput(inputs, "string_a"), textInput(inputs, "string_b")].join(textInput(inputs, "delimiter", "")),
  ]),
  node("PreviewAny", async (inputs) => ({ outputs: [], ui: { text: [describe(inputs.source)] } })),
];

/** Text as it is, numbers and flags as Python prints them, everything else as JSON where that is possible. */
function describe(source: unknown): string {
  if (source === undefined || source === null) return "None";
  if (typeof source === "string") return source;
  if (typeof source === "boolean") return source ? "True" : "False";
  if (source instanceof PythonFloat) return toPythonText(source);
  if (typeof source !== "object") return String(source);
  const hasSamples = !Array.isArray(source) && ("at" in source || "channels" in source);
  return hasSamples
    ? `<${"at" in source ? "IMAGE" : "AUDIO"} simulated by @comfy/comfyui-emulator>`
    : toPythonJson(source);
}
