/// <reference lib="esnext.float16" />
/**
 * Writes the smallest checkpoint that a real ComfyUI samples with: 6 MB of noise in the shape of a one-block SD3 with a
 * TAESD. Put it in `models/checkpoints/tiny_sd3.safetensors` of the server that the conformance suite runs against.
 *
 *     node make-tiny-checkpoint.ts /srv/comfy/models/checkpoints/tiny_sd3.safetensors
 */
import { open } from "node:fs/promises";
import { argv, exit, stderr } from "node:process";

/** Hidden width. ComfyUI takes the number of blocks from it: one for each 64. */
const WIDTH = 64;
const LATENT_CHANNELS = 16;
/** Positions: a square number; the image side may be up to 16 times its root. */
const POSITIONS = 1024;
const TRANSFORMER_SIGMA = 0.02;
const HALF_BYTES = 2;

interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Standard deviation of its values; 0 writes zeros. */
  readonly sigma: number;
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1);

function transformer(): Tensor[] {
  const prefix = "model.diffusion_model.";
  const tensor = (name: string, shape: number[]): Tensor => ({ name: prefix + name, shape, sigma: TRANSFORMER_SIGMA });
  const linear = (name: string, out: number, input: number): Tensor[] => [
    tensor(`${name}.weight`, [out, input]),
    tensor(`${name}.bias`, [out]),
  ];
  const block = "joint_blocks.0";
  return [
    tensor("pos_embed", [1, POSITIONS, WIDTH]),
    tensor("x_embedder.proj.weight", [WIDTH, LATENT_CHANNELS, 2, 2]),
    tensor("x_embedder.proj.bias", [WIDTH]),
    ...linear("t_embedder.mlp.0", WIDTH, 256),
    ...linear("t_embedder.mlp.2", WIDTH, WIDTH),
    ...linear("y_embedder.mlp.0", WIDTH, 2048),
    ...linear("y_embedder.mlp.2", WIDTH, WIDTH),
    ...linear("context_embedder", WIDTH, 4096),
    ...linear(`${block}.context_block.attn.qkv`, 3 * WIDTH, WIDTH),
    ...linear(`${block}.context_block.adaLN_modulation.1`, 2 * WIDTH, WIDTH),
    ...linear(`${block}.x_block.attn.qkv`, 3 * WIDTH, WIDTH),
    ...linear(`${block}.x_block.attn.proj`, WIDTH, WIDTH),
    ...linear(`${block}.x_block.mlp.fc1`, 4 * WIDTH, WIDTH),
    ...linear(`${block}.x_block.mlp.fc2`, WIDTH, 4 * WIDTH),
    ...linear(`${block}.x_block.adaLN_modulation.1`, 6 * WIDTH, WIDTH),
    ...linear("final_layer.linear", 4 * LATENT_CHANNELS, WIDTH),
    ...linear("final_layer.adaLN_modulation.1", 2 * WIDTH, WIDTH),
  ];
}

function autoencoder(): Tensor[] {
  const kernel = (name: string, out: number, input: number): Tensor => ({
    name: `first_stage_model.${name}.weight`,
    shape: [out, input, 3, 3],
    sigma: 1 / Math.sqrt(input * 9),
  });
  const convolution = (name: string, out: number, input: number): Tensor[] => [
    kernel(name, out, input),
    { name: `first_stage_model.${name}.bias`, shape: [out], sigma: 0 },
  ];
  const blocks = (side: string, places: number[]): Tensor[] =>
    places.flatMap((place) => [0, 2, 4].flatMap((part) => convolution(`${side}.${place}.conv.${part}`, 64, 64)));
  return [
    ...convolution("taesd_encoder.0", 64, 3),
    ...blocks("taesd_encoder", [1, 3, 4, 5, 7, 8, 9, 11, 12, 13]),
    ...[2, 6, 10].map((place) => kernel(`taesd_encoder.${place}`, 64, 64)),
    ...convolution("taesd_encoder.14", LATENT_CHANNELS, 64),
    ...convolution("taesd_decoder.1", 64, LATENT_CHANNELS),
    ...blocks("taesd_decoder", [3, 4, 5, 8, 9, 10, 13, 14, 15, 18]),
    ...[7, 12, 17].map((place) => kernel(`taesd_decoder.${place}`, 64, 64)),
    ...convolution("taesd_decoder.19", 3, 64),
  ];
}

/** A fixed sequence of uniform numbers, so that everybody who runs this gets the same bytes. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
}

function fill(tensor: Tensor, random: () => number): Uint8Array {
  const values = new Float16Array(sizeOf(tensor.shape));
  if (tensor.sigma > 0) {
    for (let index = 0; index < values.length; index += 1) {
      const radius = Math.sqrt(-2 * Math.log(random()));
      values[index] = tensor.sigma * radius * Math.cos(2 * Math.PI * random());
    }
  }
  return new Uint8Array(values.buffer);
}

function header(tensors: readonly Tensor[]): Buffer {
  let offset = 0;
  const entries = tensors.map(({ name, shape }) => {
    const start = offset;
    offset += sizeOf(shape) * HALF_BYTES;
    return [name, { dtype: "F16", shape, data_offsets: [start, offset] }] as const;
  });
  const text = JSON.stringify(Object.fromEntries(entries));
  const json = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8, " "));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json]);
}

/** Writes the checkpoint; an existing file is replaced. */
export async function makeTinyCheckpoint(path: string): Promise<void> {
  // Without any of SD3's three encoders but with something under text_encoders., ComfyUI builds one that answers zeros.
  const tensors = [...transformer(), ...autoencoder(), { name: "text_encoders.placeholder", shape: [1], sigma: 0 }];
  const random = createRandom(64);
  const file = await open(path, "w");
  try {
    await file.write(header(tensors));
    for (const tensor of tensors) {
      await file.write(fill(tensor, random));
    }
  } finally {
    await file.close();
  }
}

if (import.meta.main) {
  const path = argv[2];
  if (path === undefined) {
    stderr.write("usage: node make-tiny-checkpoint.ts PATH/tiny_sd3.safetensors\n");
    exit(2);
  }
  await makeTinyCheckpoint(path);
}
