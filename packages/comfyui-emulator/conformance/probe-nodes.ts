import type { ExtraNode } from "../src/index.ts";

const entry = (name: string, input: Record<string, string>, output: string, isOutput: boolean): ExtraNode["info"] => ({
  input: { required: Object.fromEntries(Object.entries(input).map(([key, type]) => [key, [type, {}]])) },
  input_order: { required: Object.keys(input) },
  ...{ output: [output], output_is_list: [false], output_name: [output], output_node: isOutput },
  ...{ name, display_name: name, description: "", python_module: "custom_nodes.probe-nodes", category: "conformance" },
});

/** The two test nodes of probe-nodes/ for the emulator: without them it could not replay every recorded conversation. */
export const probeNodes: readonly ExtraNode[] = [
  {
    info: entry("ProbeText", { text: "STRING" }, "STRING", true),
    nodeClass: {
      classType: "ProbeText",
      run({ text }, context) {
        context.text(String(text));
        return { outputs: [text], ui: { text: [text] } };
      },
    },
  },
  {
    info: entry("ProbeExpand", { image: "IMAGE" }, "IMAGE", false),
    nodeClass: {
      classType: "ProbeExpand",
      run({ image }) {
        const graph = {
          "1": { class_type: "ImageInvert", inputs: { image } },
          "2": { class_type: "PreviewImage", inputs: { images: ["1", 0] } },
        };
        return { outputs: [["1", 0]], expand: { graph, outputs: [["1", 0]] } };
      },
    },
  },
];
