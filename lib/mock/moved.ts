/** Moves what the mock tells to another time. Pure: the distance comes in. */
const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/;
/** As transactions and folders of backups are named. */
const STAMP = /(?<!\d)(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/g;

/** The same value, with each date in it so much later, written as it was. A date in the middle of a sentence stays: it is told. */
export function moved(value: unknown, ms: number): unknown {
  if (typeof value === 'string') return movedText(value, ms);
  if (Array.isArray(value)) return value.map((item) => moved(item, ms));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, moved(member, ms)]));
}

function movedText(text: string, ms: number): string {
  const [date, fraction] = DATE.exec(text) ?? [];
  if (date !== undefined) {
    const later = new Date(Date.parse(date) + ms).toISOString();
    return fraction === undefined ? later.replace(/\.\d{3}/, '') : later;
  }
  return text.replace(STAMP, (_stamp, year: string, month: string, day: string, hour: string, minute: string, second: string) => {
    const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
    return Number.isNaN(at) ? _stamp : new Date(at + ms).toISOString().replace(/[-:]|\.\d{3}/g, '');
  });
}
