import type { PythonJson, PythonObject } from "../python/values.ts";
import type { InputSpec } from "./object-info.ts";

/** An error of one input, or of the whole request. */
export interface PromptError {
  readonly type: string;
  readonly message: string;
  readonly details: string;
  readonly extra_info: PythonObject;
}

/** Errors of one node and the outputs that cannot be made because of them. */
export interface NodeErrors {
  readonly errors: readonly PromptError[];
  readonly dependent_outputs: readonly string[];
  readonly class_type: string;
}

export function requestError(type: string, message: string, details: string, extra: PythonObject = {}): PromptError {
  return { type, message, details, extra_info: extra };
}

/** An error about one input. */
export function inputError(
  type: string,
  message: string,
  details: string,
  spec: InputSpec,
  extra: Readonly<Record<string, PythonJson>> = {},
): PromptError {
  const input_config: PythonJson = [spec.type, spec.options];
  return { type, message, details, extra_info: { input_name: spec.name, input_config, ...extra } };
}

/** A Python exception raised while validating. */
export class ValidationException extends Error {
  readonly exceptionType: string;

  constructor(exceptionType: string, message: string) {
    super(message);
    this.name = "ValidationException";
    this.exceptionType = exceptionType;
  }

  /** What of it errors show. The lines of a real traceback differ between installations. */
  describe(): Record<string, PythonJson> {
    const traceback = [`  ${this.exceptionType}: ${this.message} (simulated traceback)\n`];
    return { exception_message: this.message, exception_type: this.exceptionType, traceback };
  }
}
