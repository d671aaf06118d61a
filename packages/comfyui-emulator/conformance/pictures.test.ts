import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readFixture } from "./fixtures.ts";
import { uploadInputs } from "./inputs.ts";
import { fetchFiles } from "./outputs.ts";
import { pictureCases } from "./picture-cases.ts";
import { compare, readPng, readTexts } from "./png.ts";
import { type Graph, run } from "./prompts.ts";
import { openTarget, type Target } from "./target.ts";

let target: Target;
beforeAll(async () => {
  target = await openTarget();
  await uploadInputs(target.url);
});
afterAll(() => target.close());

async function classesMissing(graph: Graph): Promise<string[]> {
  const classes = [...new Set(Object.values(graph).map(({ class_type: classType }) => classType))];
  const known = await Promise.all(classes.map((classType) => target.hasClass(classType)));
  return classes.filter((_, index) => known[index] !== true);
}

describe("picture arithmetic", () => {
  it.for(Object.entries(pictureCases))(
    "gives the pixels of a real server: %s",
    async ([name, { graph, tolerance }], { skip }) => {
      const missing = await classesMissing(graph);
      skip(missing.length > 0, `the server has no class ${missing.join(", ")}`);
      const files = await fetchFiles(target.url, await run(target.url, graph));
      expect(files).toHaveLength(1);
      const actual = readPng(files[0]?.bytes ?? Buffer.alloc(0));
      const expected = readPng(readFixture(`pictures/${name}.png`));
      expect([actual.width, actual.height, actual.channels]).toEqual([
        expected.width,
        expected.height,
        expected.channels,
      ]);
      const { largest, differing } = compare(actual, expected);
      expect(largest, `${differing} of ${expected.data.length} values differ`).toBeLessThanOrEqual(tolerance);
    },
  );

  it("makes a batch of two pictures, the second in the size of the first", async () => {
    const graph: Graph = {
      a: { class_type: "LoadImage", inputs: { image: "conformance-input.png" } },
      b: { class_type: "LoadImage", inputs: { image: "conformance-second.png" } },
      both: { class_type: "ImageBatch", inputs: { image1: ["a", 0], image2: ["b", 0] } },
      save: { class_type: "SaveImage", inputs: { images: ["both", 0], filename_prefix: "conformance/batch" } },
    };
    const files = await fetchFiles(target.url, await run(target.url, graph));
    const sizes = files.map(({ bytes }) => readPng(bytes)).map(({ width, height }) => [width, height]);
    expect(sizes).toEqual([
      [40, 24],
      [40, 24],
    ]);
  });

  it("writes the graph and what else it was given into the file", async () => {
    const image = {
      class_type: "EmptyImage",
      inputs: { width: 8, height: 8, batch_size: 1, color: Date.now() % 0xffffff },
    };
    const save = {
      class_type: "SaveImage",
      inputs: { images: ["image", 0], filename_prefix: "conformance/%width%x%height%" },
    };
    const workflow = { nodes: [], note: "é" };
    const entry = await run(target.url, { image, save }, { extra_data: { extra_pnginfo: { workflow } } });
    const [file] = await fetchFiles(target.url, entry);
    const { prompt, workflow: kept } = readTexts(file?.bytes ?? Buffer.alloc(0));
    expect(file?.filename).toMatch(/^8x8_\d{5}_\.png$/);
    expect(JSON.parse(prompt ?? "null")).toMatchObject({ image, save });
    expect(JSON.parse(kept ?? "null")).toEqual(workflow);
  });
});
