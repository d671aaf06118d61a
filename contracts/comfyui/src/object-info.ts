import * as z from "zod";

/**
 * One input: `[type, options]`. The type is text (`"INT"`, `"MODEL"`), or the list of choices itself (V1 classes), or `"COMBO"` with the
 * choices in `options.options` (V3 classes). A hidden input is plain text in V1.
 */
export const inputSpec = z.union([
  z.string(),
  z.tuple([z.union([z.string(), z.array(z.unknown())])]).rest(z.unknown()),
]);
export type InputSpec = z.infer<typeof inputSpec>;

// A pack may declare anything; one strange input must not hide the rest of its class.
const inputs = z.record(z.string(), inputSpec.catch("*"));

/** What `GET /object_info/{class}` says about a class. */
export const nodeInfo = z.looseObject({
  input: z.looseObject({ required: inputs.optional(), optional: inputs.optional(), hidden: inputs.optional() }),
  input_order: z.record(z.string(), z.array(z.string())).optional(),
  output: z.array(z.unknown()).default([]),
  output_is_list: z.array(z.boolean()).default([]),
  output_name: z.array(z.unknown()).default([]),
  name: z.string(),
  display_name: z.string().nullish(),
  description: z.string().nullish(),
  python_module: z.string().nullish(),
  category: z.string().nullish(),
  output_node: z.boolean().default(false),
  deprecated: z.boolean().nullish(),
  experimental: z.boolean().nullish(),
  api_node: z.boolean().nullish(),
});
export type NodeInfo = z.infer<typeof nodeInfo>;

/** `GET /object_info` and `GET /object_info/{class}`: classes by name; `{}` for a class that is not installed. */
export const objectInfo = z.record(z.string(), nodeInfo);
export type ObjectInfo = z.infer<typeof objectInfo>;

/** An input of a class, whichever way the class declares it. */
export interface InputDescription {
  /** `"COMBO"` for every list of choices. */
  readonly type: string;
  readonly isRequired: boolean;
  /** The values it takes, in the server's order; undefined when it is not a list. */
  readonly choices?: readonly string[];
  /** `default`, `min`, `max`, `step` and whatever else the class declares. */
  readonly options: Readonly<Record<string, unknown>>;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const toChoices = (values: readonly unknown[]): string[] =>
  values.filter((value) => typeof value === "string" || typeof value === "number").map(String);

// Names come from graphs of strangers: "constructor" is not an input of anything.
const ownInput = (specs: Readonly<Record<string, InputSpec>> = {}, input: string): InputSpec | undefined =>
  Object.hasOwn(specs, input) ? specs[input] : undefined;

/** One input of a class; undefined when the class has no such input. Hidden inputs are not looked at. */
export function readInput(info: NodeInfo, input: string): InputDescription | undefined {
  const required = ownInput(info.input.required, input);
  const isRequired = required !== undefined;
  const spec = required ?? ownInput(info.input.optional, input);
  if (spec === undefined) return undefined;
  if (typeof spec === "string") return { type: spec, isRequired, options: {} };
  const [type, second] = spec;
  const options = isRecord(second) ? second : {};
  if (typeof type !== "string") return { type: "COMBO", isRequired, choices: toChoices(type), options };
  if (Array.isArray(options.options)) return { type, isRequired, choices: toChoices(options.options), options };
  return { type, isRequired, options };
}

/** The values a list input takes (V1 and V3 alike), for example the model files a loader sees; undefined when it is not a list. */
export function readChoices(info: NodeInfo, input: string): readonly string[] | undefined {
  return readInput(info, input)?.choices;
}
