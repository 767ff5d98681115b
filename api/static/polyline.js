/** Decode Google's encoded polyline with five decimals into [latitude, longitude] pairs. */
export function decode(text) {
  const points = [];
  let at = 0;
  let lat = 0;
  let lon = 0;
  const next = () => {
    let bits = 0;
    let shift = 0;
    let group;
    do {
      group = text.charCodeAt(at++) - 63;
      bits |= (group & 31) << shift;
      shift += 5;
    } while (group >= 32);
    return bits & 1 ? ~(bits >> 1) : bits >> 1;
  };
  while (at < text.length) {
    lat += next();
    lon += next();
    points.push([lat / 1e5, lon / 1e5]);
  }
  return points;
}
