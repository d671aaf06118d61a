import { encodeMp4 } from "../media/mp4.ts";
import { type NodeClass, NodeError } from "../node.ts";
import { PythonFloat } from "../python/values.ts";
import { evenSides } from "./even-sides.ts";
import { imageInput, node, numberInput, optionalSound, pureNode, textInput } from "./inputs.ts";
import { metadataOf, saveNumbered } from "./saving.ts";
import { simulatedInput, type Video } from "./simulated/values.ts";

export const videoNodes: readonly NodeClass[] = [
  pureNode("CreateVideo", (inputs) => {
    const images = imageInput(inputs, "images");
    const video: Video = {
      kind: "video",
      images,
      framesPerSecond: numberInput(inputs, "fps", 30),
      sound: optionalSound(inputs, "audio"),
    };
    return [video];
  }),
  pureNode("GetVideoComponents", (inputs) => {
    const { images, sound, framesPerSecond } = simulatedInput(inputs, "video", "video");
    return [images, sound ?? null, new PythonFloat(framesPerSecond)];
  }),
  node("SaveVideo", async (inputs, context) => {
    const { images, framesPerSecond, sound } = simulatedInput(inputs, "video", "video");
    const prefix = textInput(inputs, "filename_prefix", "video/ComfyUI");
    const files = { prefix, type: "output" as const, extension: "mp4", count: 1, size: images };
    const references = await saveNumbered(context, files, () =>
      encodeMp4({ images: evenSides(images), framesPerSecond, sound, tags: metadataOf(context) }, context.signal),
    );
    return { outputs: [], ui: { images: references, animated: [true] } };
  }),
  node("SaveWEBM", async () => {
    const message = "the emulator has no VP9 or AV1 encoder: use SaveVideo (MP4), or a real ComfyUI";
    throw new NodeError("NotImplementedError", message);
  }),
  node("LoadVideo", async () => {
    const message = "the emulator cannot decode video files: use a real ComfyUI for graphs that read video";
    throw new NodeError("NotImplementedError", message);
  }),
];
