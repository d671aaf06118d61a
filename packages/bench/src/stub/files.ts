import type { ServerResponse } from "node:http";
import { pipeline, Readable } from "node:stream";
import { toPicture } from "./picture.ts";
import type { Rendering } from "./protocol.ts";

/** Up to this size the socket's buffer holds a file; a stream around it would only cost. */
const WHOLE_BYTES_MAX = 1_500_000;

/** Outputs are made up as they are read; of uploads only the text files that mark a boot are kept. */
export function createFiles(rendering: () => Rendering) {
  const uploads = new Map<string, string>();

  function viewUpload(name: string, response: ServerResponse): void {
    const text = uploads.get(name);
    if (text === undefined) response.writeHead(404).end();
    else response.writeHead(200, { "content-type": "text/plain", "content-length": text.length }).end(text);
  }

  return {
    view(query: URLSearchParams, response: ServerResponse): void {
      const name = query.get("filename") ?? "";
      if (query.get("type") === "temp") {
        viewUpload(name, response);
        return;
      }
      const { outputBytes } = rendering();
      response.writeHead(200, { "content-type": "image/png", "content-length": outputBytes });
      const pieces = toPicture(`${query.get("subfolder")}/${name}`, outputBytes);
      if (outputBytes > WHOLE_BYTES_MAX) {
        pipeline(Readable.from(pieces, { objectMode: false }), response, () => {});
        return;
      }
      for (const piece of pieces) response.write(piece);
      response.end();
    },

    /** The first file of a name keeps it, as on a real server. */
    upload(body: string): object {
      const name = /filename="([^"]+)"/.exec(body)?.[1] ?? "";
      const text = /octet-stream\r\n\r\n([^\r]*)\r\n/.exec(body)?.[1] ?? "";
      if (!uploads.has(name)) uploads.set(name, text);
      return { name, subfolder: "", type: "temp" };
    },
  };
}
