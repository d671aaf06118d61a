import type { ViteUserConfig } from "vitest/config";

export function project(name: string, test?: Record<string, unknown>): ViteUserConfig;
