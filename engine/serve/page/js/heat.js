// Paints evidence over a page: a small array of levels, coloured here.

// ColorBrewer's YlOrRd, darkened at the end: it reads in grey, and by the colour-blind.
const PALETTE = [
  [255, 255, 204], [254, 217, 118], [253, 141, 60], [227, 26, 28], [128, 0, 70], [60, 0, 80],
];
const FAINTEST = 0.1; // below this a cell is left as it is: paper stays white

/** Base64 -> levels in 0 to 255. */
export const unpack = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

export function colour(value) {
  const place = Math.min(Math.max(value, 0), 1) * (PALETTE.length - 1);
  const below = Math.min(Math.floor(place), PALETTE.length - 2);
  return PALETTE[below].map((low, i) => low + (PALETTE[below + 1][i] - low) * (place - below));
}

/** One pixel for each cell; the browser stretches and smooths it, and multiplies it into the page. */
export function paint(canvas, levels, rows, columns, opacity) {
  canvas.width = columns;
  canvas.height = rows;
  const pen = canvas.getContext("2d");
  const image = pen.createImageData(columns, rows);
  levels.forEach((level, cell) => {
    const value = level / 255;
    const strength = value < FAINTEST ? 0 : opacity * Math.sqrt(value);
    const ink = colour(value).map((channel) => 255 - strength * (255 - channel));
    image.data.set([...ink, 255], 4 * cell);
  });
  pen.putImageData(image, 0, 0);
}

export function legend(canvas) {
  canvas.width = 64;
  canvas.height = 1;
  const pen = canvas.getContext("2d");
  for (let i = 0; i < 64; i++) {
    pen.fillStyle = `rgb(${colour(i / 63).map(Math.round).join(" ")})`;
    pen.fillRect(i, 0, 1, 1);
  }
}
