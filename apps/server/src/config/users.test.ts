import { expect, it } from "vitest";
import { parseConfig } from "../config.ts";

const enough = {
  COMFYUI_URL: "http://gpu-a:8188",
  COMFYUI_API_KEYS: "pro_one",
  COMFYUI_API_SECRET: "a-secret-of-20-chars",
};

it("keeps registration closed unless it is opened in so many words", () => {
  expect(parseConfig(enough).isRegistrationOpen).toBe(false);
  expect(parseConfig({ ...enough, REGISTRATION: "open" }).isRegistrationOpen).toBe(true);
  expect(() => parseConfig({ ...enough, REGISTRATION: "true" })).toThrow(/REGISTRATION/);
});

it("takes the first admin with both variables, and refuses one of them alone", () => {
  const [ADMIN_EMAIL, ADMIN_PASSWORD] = ["ada@example.com", "correct horse battery"];
  expect(parseConfig(enough).firstAdmin).toBeUndefined();
  const { firstAdmin } = parseConfig({ ...enough, ADMIN_EMAIL, ADMIN_PASSWORD });
  expect(firstAdmin).toEqual({ email: ADMIN_EMAIL, password: ADMIN_PASSWORD });
  expect(() => parseConfig({ ...enough, ADMIN_EMAIL })).toThrow(/ADMIN_PASSWORD: is missing/);
  expect(() => parseConfig({ ...enough, ADMIN_PASSWORD })).toThrow(/ADMIN_EMAIL: is missing/);
  expect(() => parseConfig({ ...enough, ADMIN_EMAIL: "ada", ADMIN_PASSWORD })).toThrow(/ADMIN_EMAIL: .*e-mail address/);
});
