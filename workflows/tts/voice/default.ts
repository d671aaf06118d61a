/** The voice that speaks when the caller sends none. `default.wav` says exactly `text`; see LICENSE.md beside it. */
export const defaultVoice = {
  file: "tts/voice/default.wav",
  text: "The harbour lights come on one by one, and the last ferry of the evening turns slowly towards the open sea. Tomorrow will be a clear day.",
} as const;
