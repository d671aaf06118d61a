import * as z from "zod";

export const asset = z
  .object({
    id: z.string().describe("Asset id; accepted in every media field."),
    name: z.string().describe("File name."),
    type: z.string().describe("Media type, e.g. `image/png`."),
    sizeBytes: z.number().describe("Size of the file in bytes."),
    url: z.string().describe("Signed link, good for at least an hour."),
    localPath: z.string().describe("Virtual path `/outputs/<asset>/<name>`; accepted back in every media field."),
  })
  .meta({ id: "Asset" });
export type Asset = z.infer<typeof asset>;
