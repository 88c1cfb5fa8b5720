// This search in Python, in a shell, and over HTTP.

const python = JSON.stringify; // a literal of JavaScript is one of Python too
const shell = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

export function snippets({ query, mode, k, picture }) {
  const origin = location.origin;
  if (picture?.source instanceof Blob) {
    return [
      ["Python", `from PIL import Image\nfrom quire.engine import Library\n\nwith Library.open("quire-library") as library:\n    print(library.search_picture(Image.open("picture.png"), k=${k}))`],
      ["curl", `curl -F picture=@picture.png '${origin}/api/search/picture?k=${k}'`],
    ];
  }
  if (picture) {
    const { document, page, box } = picture.source;
    const body = JSON.stringify({ document, page, box, k });
    return [["curl", `curl ${shell(`${origin}/api/search/region`)} \\\n  -H 'Content-Type: application/json' \\\n  -d ${shell(body)}`]];
  }
  const how = mode === "hybrid" ? "" : `, mode=${python(mode)}`;
  const body = JSON.stringify({ query, mode, k });
  return [
    ["Python", `from quire.engine import Library\n\nwith Library.open("quire-library") as library:\n    hits = library.search(${python(query)}, k=${k}${how})\n    print(hits)`],
    ["CLI", `quire search ${shell(query)} -k ${k}${mode === "hybrid" ? "" : ` --mode ${mode}`}`],
    ["curl", `curl ${shell(`${origin}/api/search`)} \\\n  -H 'Content-Type: application/json' \\\n  -d ${shell(body)}`],
  ];
}
