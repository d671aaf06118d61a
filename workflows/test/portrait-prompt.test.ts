import { describe, expect, it } from "vitest";
import { type PortraitWish, writePortraitWords } from "../portrait/prompt.ts";

const flux = (wish: PortraitWish) => writePortraitWords("flux", wish).positive;
const sdxl = (wish: PortraitWish) => writePortraitWords("sdxl", wish);

describe("a portrait prompt for Flux", () => {
  it("is sentences with the subject first, and no negative prompt", () => {
    expect(writePortraitWords("flux", { description: "Viking warrior" })).toEqual({
      positive:
        "A head-and-shoulders portrait photograph of a Viking warrior, facing the camera and looking into the lens. " +
        "Soft directional window light models the face and leaves a gentle catchlight in each eye. " +
        "Shot on a full-frame camera with an 85mm lens at f/2.8, the eyes in crisp focus, natural skin texture with pores and fine lines, " +
        "individual strands of hair, true-to-life color. The background falls softly out of focus.",
    });
  });

  it("takes style, expression and gender into the sentence", () => {
    const wish = { description: "Viking warrior", style: "painting", expression: "angry", gender: "female" };
    expect(flux(wish)).toMatch(
      /^A classical head-and-shoulders oil painting of a female Viking warrior, facing the viewer, with an angry expression\. /,
    );
  });

  it.each([
    ["Albert Einstein", "of Albert Einstein, facing"],
    ["young woman with light brown hair", "of a young woman with light brown hair, facing"],
    ["An elderly fisherman", "of an elderly fisherman, facing"],
    ["elderly fisherman", "of an elderly fisherman, facing"],
    ["unicorn rider", "of a unicorn rider, facing"],
    ["unidentified pilot", "of an unidentified pilot, facing"],
    ["honest judge", "of an honest judge, facing"],
    ["European king", "of a European king, facing"],
    ["one-eyed pirate", "of a one-eyed pirate, facing"],
    ["Icelandic fisherman, 60 years old", "of an Icelandic fisherman, 60 years old, facing"],
    ["two elderly twins", "of two elderly twins, facing"],
    ["my grandmother (1920)", "of my grandmother (1920), facing"],
    ["twins", "of twins, facing"],
    ["Dr. Watson", "of Dr. Watson, facing"],
    ["侍", "of 侍, facing"],
    ["please draw me a portrait of an old sailor", "of an old sailor, facing"],
    ["Portrait of", "of Portrait of, facing"],
    ["...", "of one person, facing"],
    [
      "An old sailor. grey beard, blue eyes.",
      "of an old sailor, facing the camera and looking into the lens. Grey beard, blue eyes. Soft",
    ],
    ["She is a nurse.", "of one person, facing the camera and looking into the lens. She is a nurse. Soft"],
  ])("reads %j as a person would say it", (description, words) => {
    expect(flux({ description })).toContain(words);
  });

  it.each([
    ["female", "young woman", "a young woman"],
    ["woman", "chef", "a female chef"],
    ["m", "Albert Einstein", "Albert Einstein, male"],
    ["male", "old fisherman", "an old fisherman"],
    ["male", "human warrior", "a male human warrior"],
    ["male", "Roman senator", "a male Roman senator"],
    ["male", "old woman", "a male old woman"],
    ["non-binary", "elf", "an androgynous elf"],
    ["Female", "the captain", "the female captain"],
    ["other", "chef", "a chef"],
    ["__proto__", "chef", "a __proto__ chef"],
  ])("puts the gender %j where it belongs in %j", (gender, description, words) => {
    expect(flux({ description, gender })).toContain(`portrait photograph of ${words}, facing`);
  });

  it.each([
    ["smiling", ", with a smiling expression."],
    ["a slight smile", ", with a slight smile."],
    ["slight smile", ", with a slight smile."],
    ["wide-eyed and surprised", ". The expression is wide-eyed and surprised."],
  ])("says the expression %j in good English", (expression, words) => {
    expect(flux({ description: "chef", expression })).toContain(`into the lens${words}`);
  });

  it.each([
    ["chef in neon light", "Soft directional window light"],
    ["chef at sunset", "Soft directional window light"],
    ["chef in front of a barn", "The background falls"],
    ["full body elf ranger", "head-and-shoulders"],
    ["queen in profile", "looking into the lens"],
  ])("does not contradict %j", (description, words) => {
    expect(flux({ description: "chef" })).toContain(words);
    expect(flux({ description })).not.toContain(words);
  });

  it.each(["light brown hair", "slight build", "a delightful man"])(
    "does not take %j for a wish about the light",
    (description) => {
      expect(flux({ description })).toContain("Soft directional window light");
    },
  );

  it.each([
    ["cinematic", "A cinematic head-and-shoulders film still of a chef"],
    ["Anime", "An anime head-and-shoulders portrait illustration of a chef"],
    ["oil-painting", "A classical head-and-shoulders oil painting of a chef"],
    ["sketch", "A head-and-shoulders graphite pencil sketch of a chef"],
    ["3d", "A stylized head-and-shoulders 3D character portrait of a chef"],
    ["watercolor", "A watercolor head-and-shoulders portrait of a chef"],
    ["art nouveau", "An art nouveau head-and-shoulders portrait of a chef"],
    ["photorealistic", "A head-and-shoulders portrait photograph of a chef"],
    ["constructor", "A constructor head-and-shoulders portrait of a chef"],
  ])("knows the style %j", (style, words) => {
    expect(flux({ description: "chef", style })).toMatch(new RegExp(`^${words}`));
  });

  it("gives a longer style of the caller's own its sentence", () => {
    const words = flux({ description: "chef", style: "like a faded paperback cover of the 1970s." });
    expect(words).toContain(
      "The whole picture is made in this style: like a faded paperback cover of the 1970s. The face",
    );
  });
});

describe("a portrait prompt for SDXL", () => {
  it("is tags with the subject first, and a negative prompt", () => {
    expect(sdxl({ description: "Viking warrior" })).toEqual({
      positive:
        "portrait photograph of a Viking warrior, head and shoulders, facing camera, looking at viewer, soft directional window light, " +
        "85mm lens, shallow depth of field, sharp focus on the eyes, detailed skin texture, visible pores, natural color, softly blurred background",
      negative:
        "illustration, painting, cartoon, anime, 3d render, cgi, doll, plastic skin, airbrushed, oversaturated, multiple people, " +
        "deformed face, asymmetrical eyes, cross-eyed, bad anatomy, extra fingers, extra limbs, cropped head, out of frame, blurry, " +
        "low quality, jpeg artifacts, watermark, signature, text",
    });
  });

  it("puts what the caller does not want in front of what nobody wants", () => {
    expect(sdxl({ description: "chef", negative: "hats" }).negative).toMatch(/^hats, illustration, /);
  });

  it("turns sentences into tags", () => {
    const { positive } = sdxl({ description: "An old sailor. Grey beard. Blue eyes!", expression: "stern" });
    expect(positive).toMatch(
      /^portrait photograph of an old sailor, Grey beard, Blue eyes, stern expression, head and shoulders, /,
    );
  });

  it("does not ask for one person when several are described", () => {
    expect(sdxl({ description: "two sisters" }).negative).not.toContain("multiple people");
  });

  it("does not forbid the style it asks for", () => {
    expect(sdxl({ description: "chef", style: "anime" }).negative).not.toContain("anime");
    expect(sdxl({ description: "chef", style: "sketch" }).negative).not.toContain("sketch");
    expect(sdxl({ description: "chef", style: "watercolor" }).negative).not.toContain("painting");
  });
});
