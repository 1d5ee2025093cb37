/** `qcs::gse:ap-shanghai:uin/1:fleet/fleet-…` */
export interface Arn {
  region: string;
  account: string;
  kind: string;
  id: string;
}

export function parseArn(text: string): Arn | null {
  const match = /^qcs::gse:([^:]+):uin\/([^:]*):([^/]+)\/(.+)$/.exec(text);
  return match ? { region: match[1]!, account: match[2]!, kind: match[3]!, id: match[4]! } : null;
}

export function formatArn({ region, account, kind, id }: Arn): string {
  return `qcs::gse:${region}:uin/${account}:${kind}/${id}`;
}
