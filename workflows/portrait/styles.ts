import { withArticle } from "./noun-phrase.ts";

/** A way to make a portrait, in the words of each family of models. */
export interface PortraitStyle {
  /** For Flux: reads on with "of <who>". `{framing}` becomes "head-and-shoulders " or nothing. */
  readonly opening: string;
  /** Whom the subject looks at. */
  readonly gaze: string;
  /** For Flux, sentences. Light and background are left out where the caller speaks of them. */
  readonly light: string;
  readonly finish: string;
  readonly background: string;
  /** For SDXL, tags. */
  readonly tags: {
    readonly medium: string;
    readonly light: string;
    readonly finish: string;
    readonly background: string;
    /** What this style must not turn into. */
    readonly negative: string;
  };
}

const realistic: PortraitStyle = {
  opening: "A {framing}portrait photograph",
  gaze: "facing the camera and looking into the lens",
  light: "Soft directional window light models the face and leaves a gentle catchlight in each eye.",
  finish:
    "Shot on a full-frame camera with an 85mm lens at f/2.8, the eyes in crisp focus, natural skin texture with pores and fine lines, individual strands of hair, true-to-life color.",
  background: "The background falls softly out of focus.",
  tags: {
    medium: "portrait photograph",
    light: "soft directional window light",
    finish:
      "85mm lens, shallow depth of field, sharp focus on the eyes, detailed skin texture, visible pores, natural color",
    background: "softly blurred background",
    negative: "illustration, painting, cartoon, anime, 3d render, cgi, doll, plastic skin, airbrushed, oversaturated",
  },
};

const cinematic: PortraitStyle = {
  opening: "A cinematic {framing}film still",
  gaze: "facing the camera",
  light: "A motivated key light from one side, a faint rim light on the hair and deep, soft shadows.",
  finish:
    "Anamorphic lens, shallow depth of field, a restrained grade of teal shadows and warm skin, fine film grain, natural skin texture.",
  background: "The setting behind dissolves into large, soft bokeh.",
  tags: {
    medium: "cinematic film still, portrait",
    light: "dramatic side lighting, rim light",
    finish: "anamorphic lens, shallow depth of field, film grain, muted color grading, detailed skin texture",
    background: "soft bokeh background",
    negative: "illustration, painting, cartoon, anime, 3d render, flat lighting, plastic skin, overexposed",
  },
};

const anime: PortraitStyle = {
  opening: "An anime {framing}portrait illustration",
  gaze: "facing the viewer",
  light: "Bright, clear light with one crisp shadow tone.",
  finish:
    "Clean, confident line art, two-tone cel shading, large expressive eyes with layered highlights, flowing hair drawn in bold shapes, vivid and harmonious colors.",
  background: "A simple painted background keeps the face in front.",
  tags: {
    medium: "anime illustration, portrait",
    light: "bright clear light",
    finish: "clean line art, cel shading, expressive detailed eyes, vivid harmonious colors",
    background: "simple painted background",
    negative: "photograph, photorealistic, 3d render, realistic skin, muddy colors, messy lines",
  },
};

const painting: PortraitStyle = {
  opening: "A classical {framing}oil painting",
  gaze: "facing the viewer",
  light: "A single warm light falls from one side in gentle chiaroscuro.",
  finish:
    "Visible brushwork and thin glazes on canvas, an earthy palette, careful modelling of the face in the classical tradition while the clothing is laid in with broad, loose strokes.",
  background: "The edges are lost into a dark, toned background.",
  tags: {
    medium: "oil painting on canvas, classical portrait",
    light: "warm chiaroscuro light",
    finish: "visible brushstrokes, layered glazes, earthy palette, finely modelled face",
    background: "dark toned background",
    negative: "photograph, photorealistic, anime, cartoon, 3d render, flat colors",
  },
};

const sketch: PortraitStyle = {
  opening: "A {framing}graphite pencil sketch",
  gaze: "facing the viewer",
  light: "The light comes from one side and is left as bare paper.",
  finish:
    "Confident contour lines, fine cross-hatching that builds the shadows, the eyes finished in detail while the shoulders fade into a few loose strokes, monochrome.",
  background: "White, lightly textured paper around the figure.",
  tags: {
    medium: "graphite pencil sketch, portrait drawing",
    light: "light from one side",
    finish: "confident contour lines, fine cross-hatching, detailed eyes, monochrome",
    background: "white textured paper",
    negative: "color, photograph, photorealistic, 3d render, painting, anime",
  },
};

const threeD: PortraitStyle = {
  opening: "A stylized {framing}3D character portrait",
  gaze: "facing the camera",
  light: "Soft three-point studio lighting with a warm key and a cool rim.",
  finish:
    "The quality of a frame from an animated feature film: appealing proportions, subsurface scattering in the skin, finely groomed hair, physically based materials.",
  background: "A plain, softly graded background out of focus.",
  tags: {
    medium: "stylized 3d character render, portrait",
    light: "soft three-point studio lighting, rim light",
    finish: "appealing proportions, subsurface scattering, finely groomed hair, physically based materials",
    background: "plain gradient background",
    negative: "photograph, flat shading, 2d, sketch, painting, low poly, rough mesh",
  },
};

function toOpening(phrase: string): string {
  const opening = withArticle(phrase);
  return opening.charAt(0).toUpperCase() + opening.slice(1);
}

/** Any other style: its own words, and the care every portrait wants. */
function ownStyle(words: string): PortraitStyle {
  // "watercolor" or "art nouveau" is an adjective in front; anything longer gets its own sentence.
  const isShort = /^(?!(?:in|like|as|by|from|of|the|an?)\b)[\p{L}\p{N}-]+(?: [\p{L}\p{N}-]+){0,2}$/iu.test(words);
  return {
    opening: isShort ? toOpening(`${words} {framing}portrait`) : "A {framing}portrait",
    gaze: "facing the viewer",
    light: "",
    finish: isShort
      ? "The face is the clear focal point, with finely drawn eyes and a harmonious palette."
      : `The whole picture is made in this style: ${words.replace(/[.\s]+$/, "")}. The face is the clear focal point, with finely drawn eyes.`,
    background: "",
    tags: {
      medium: `${words}, portrait`,
      light: "",
      finish: "detailed face, expressive eyes, harmonious palette",
      background: "",
      negative: "",
    },
  };
}

const styles: ReadonlyMap<string, PortraitStyle> = new Map([
  ...["realistic", "realism", "photo", "photograph", "photographic", "photorealistic"].map(
    (word) => [word, realistic] as const,
  ),
  ...["cinematic", "cinema", "film", "movie"].map((word) => [word, cinematic] as const),
  ...["anime", "manga"].map((word) => [word, anime] as const),
  ...["painting", "painted", "oil", "oil painting"].map((word) => [word, painting] as const),
  ...["sketch", "pencil", "pencil sketch", "drawing"].map((word) => [word, sketch] as const),
  ...["3d", "3d render", "cgi"].map((word) => [word, threeD] as const),
]);

/** The style a caller names, `realistic` when none; unknown words are a style of the caller's own. */
export function toStyle(asked: string | undefined): PortraitStyle {
  if (!asked) return realistic;
  return styles.get(asked.toLowerCase().replace(/[-_]/g, " ")) ?? ownStyle(asked);
}
