import { fileTypeFromBuffer } from "file-type";
import type { TypeSniffer } from "../../assets/type-sniffer.ts";

// Other spellings of what `media-type.ts` calls by one name.
const spellings: Readonly<Record<string, string>> = {
  "audio/x-flac": "audio/flac",
  "audio/vnd.wave": "audio/wav",
  "audio/x-m4a": "audio/mp4",
  "audio/opus": "audio/ogg",
  "video/x-m4v": "video/mp4",
  "video/x-matroska": "video/matroska",
};

/** Types from magic numbers. Text formats (HTML, SVG, JSON) have none and stay unknown on purpose. */
export function createTypeSniffer(): TypeSniffer {
  return {
    headSizeBytes: 4_100,
    async sniff(head) {
      const found = await fileTypeFromBuffer(head);
      // A parameter (`audio/ogg; codecs=opus`) says nothing that we act on.
      const type = found?.mime.split(";", 1)[0]?.trim();
      return type === undefined ? undefined : (spellings[type] ?? type);
    },
  };
}
