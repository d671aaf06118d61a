/** A field of a parsed body; undefined when the body is no object or has none. */
export const fieldOf = (body: unknown, name: string): unknown => Reflect.get(Object(body), name);

/** {@link fieldOf} when it is a text that is not empty. */
export function textOf(body: unknown, name: string): string | undefined {
  const value = fieldOf(body, name);
  return typeof value === "string" && value ? value : undefined;
}
