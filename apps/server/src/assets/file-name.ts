import { extensionOf } from "./media-type.ts";

const STEM_LENGTH_MAX = 80;

/**
 * A name that is safe in a path, a header and a link: letters, digits, `.`, `_` and `-` of the last segment only. What the content is
 * decides the extension, so that no picture is called `invoice.html`; content of an unknown type keeps a plain one.
 *
 * @example toFileName("../../Mein Porträt (1).PNG", "image/png") // "Mein_Porträt_1.png"
 */
export function toFileName(name: string, type: string): string {
  const [, path = "", given = ""] = /^(.*?)(?:\.([a-z0-9]{1,8}))?$/is.exec(name.split(/[/\\]/).at(-1) ?? "") ?? [];
  const stem = path.normalize("NFC").replace(/[^\p{L}\p{M}\p{N}._-]+/gu, "_");
  // Cut by code points: half a surrogate pair would break the link.
  const short =
    Array.from(stem.replace(/^[._-]+/, ""))
      .slice(0, STEM_LENGTH_MAX)
      .join("")
      .replace(/[._-]+$/, "") || "file";
  const extension = extensionOf(type) ?? given.toLowerCase();
  return extension ? `${short}.${extension}` : short;
}
