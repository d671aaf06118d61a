/** The variables this package looks at, and this is the only file that does. */
export type EnvironmentName = "COMFYUI_SERVICE_URL" | "COMFYUI_API_KEY" | "COMFYUI_API_SECRET" | "COMFY_LOG";

/** An environment variable; undefined where there is no environment (browsers) or the variable is empty. */
export function readEnvironment(name: EnvironmentName): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env?.[name] || undefined;
}
