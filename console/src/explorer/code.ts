import type { Values } from './model';

export interface Request {
  action: string;
  region: string;
  /** `http://127.0.0.1:8080` */
  endpoint: string;
  version: string;
  extension: boolean;
  values: Values;
}

export const kLanguages = ['curl', 'CLI', 'Node.js', 'Python', 'Go'] as const;
export type Language = (typeof kLanguages)[number];

/** For single quotes of a shell. */
export function shell(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

const compactJson = (values: Values) => JSON.stringify(values);
const indented = (values: Values, by: string) => JSON.stringify(values, null, 2).replaceAll('\n', `\n${by}`);

/** The host that is signed, and called. */
const hostOf = (endpoint: string) => endpoint.replace(/^https?:\/\//, '');

function curl({ action, region, endpoint, version, values }: Request): string {
  return `#!/bin/bash
# The key comes from TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY.
set -eu
body=${shell(compactJson(values))}
host=${shell(hostOf(endpoint))}
time=$(date +%s)
day=$(date -u -d "@$time" +%Y-%m-%d)
sha() { printf %s "$1" | openssl dgst -sha256 -hex | sed 's/.* //'; }
mac() { printf %s "$2" | openssl dgst -sha256 -mac HMAC -macopt "$1" -hex | sed 's/.* //'; }
request="POST
/

content-type:application/json
host:$host

content-type;host
$(sha "$body")"
to_sign="TC3-HMAC-SHA256
$time
$day/gse/tc3_request
$(sha "$request")"
key=$(mac "key:TC3$TENCENTCLOUD_SECRET_KEY" "$day")
key=$(mac "hexkey:$key" gse)
key=$(mac "hexkey:$key" tc3_request)
signature=$(mac "hexkey:$key" "$to_sign")
printf %s "$body" | curl -sS ${shell(`${endpoint}/`)} \\
  -H "Host: $host" -H 'Content-Type: application/json' \\
  -H 'X-TC-Action: ${action}' -H 'X-TC-Version: ${version}' -H ${shell(`X-TC-Region: ${region}`)} -H "X-TC-Timestamp: $time" \\
  -H "Authorization: TC3-HMAC-SHA256 Credential=$TENCENTCLOUD_SECRET_ID/$day/gse/tc3_request, SignedHeaders=content-type;host, Signature=$signature" \\
  --data-binary @-
`;
}

function cli({ action, region, endpoint, values }: Request): string {
  return `# The key comes from TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY, or from the file in GSE_CREDENTIALS.
gse call ${action} --endpoint ${shell(endpoint)} --region ${shell(region)} --json ${shell(compactJson(values))}
`;
}

function node({ action, region, endpoint, version, extension, values }: Request): string {
  const [protocol = 'http', host = ''] = endpoint.split('://');
  const parts = `  credential: { secretId: process.env.TENCENTCLOUD_SECRET_ID, secretKey: process.env.TENCENTCLOUD_SECRET_KEY },
  region: ${JSON.stringify(region)},
  profile: { httpProfile: { endpoint: ${JSON.stringify(host)}, protocol: ${JSON.stringify(`${protocol}://`)} } },`;
  const shown = '.then((answer) => console.log(JSON.stringify(answer, null, 2)), (error) => { console.error(error); process.exitCode = 1; });';
  if (extension) {
    return `// npm install tencentcloud-sdk-nodejs@4.1.49
const { CommonClient } = require("tencentcloud-sdk-nodejs/tencentcloud/common/common_client");

const client = new CommonClient(${JSON.stringify(host)}, ${JSON.stringify(version)}, {
${parts}
});
client.request(${JSON.stringify(action)}, ${indented(values, '')})
  ${shown}
`;
  }
  return `// npm install tencentcloud-sdk-nodejs@4.1.49
const { gse } = require("tencentcloud-sdk-nodejs");

const client = new gse.v20191112.Client({
${parts}
});
client.${action}(${indented(values, '')})
  ${shown}
`;
}

/** Needs nothing but Python 3. */
function python({ action, region, endpoint, version, values }: Request): string {
  return `# The key comes from TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY.
import hashlib
import hmac
import os
import time
import urllib.request

endpoint = ${JSON.stringify(endpoint)}
host = ${JSON.stringify(hostOf(endpoint))}
body = ${JSON.stringify(compactJson(values))}.encode()


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


now = int(time.time())
day = time.strftime("%Y-%m-%d", time.gmtime(now))
request = f"POST\\n/\\n\\ncontent-type:application/json\\nhost:{host}\\n\\ncontent-type;host\\n" + hashlib.sha256(body).hexdigest()
to_sign = f"TC3-HMAC-SHA256\\n{now}\\n{day}/gse/tc3_request\\n" + hashlib.sha256(request.encode()).hexdigest()
key = mac(mac(mac(b"TC3" + os.environ["TENCENTCLOUD_SECRET_KEY"].encode(), day), "gse"), "tc3_request")
signature = mac(key, to_sign).hex()
headers = {
    "Host": host,
    "Content-Type": "application/json",
    "X-TC-Action": ${JSON.stringify(action)},
    "X-TC-Version": ${JSON.stringify(version)},
    "X-TC-Region": ${JSON.stringify(region)},
    "X-TC-Timestamp": str(now),
    "Authorization": f"TC3-HMAC-SHA256 Credential={os.environ['TENCENTCLOUD_SECRET_ID']}/{day}/gse/tc3_request, "
    f"SignedHeaders=content-type;host, Signature={signature}",
}
with urllib.request.urlopen(urllib.request.Request(endpoint + "/", body, headers)) as answer:
    print(answer.read().decode())
`;
}

/** Needs nothing but Go. */
function go({ action, region, endpoint, version, values }: Request): string {
  return `// The key comes from TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

const endpoint = ${JSON.stringify(endpoint)}
const host = ${JSON.stringify(hostOf(endpoint))}
const body = ${JSON.stringify(compactJson(values))}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func main() {
	now := time.Now()
	day := now.UTC().Format("2006-01-02")
	canonical := fmt.Sprintf("POST\\n/\\n\\ncontent-type:application/json\\nhost:%s\\n\\ncontent-type;host\\n%x", host, sha256.Sum256([]byte(body)))
	toSign := fmt.Sprintf("TC3-HMAC-SHA256\\n%d\\n%s/gse/tc3_request\\n%x", now.Unix(), day, sha256.Sum256([]byte(canonical)))
	key := mac(mac(mac([]byte("TC3"+os.Getenv("TENCENTCLOUD_SECRET_KEY")), day), "gse"), "tc3_request")

	request, err := http.NewRequest("POST", endpoint+"/", strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-TC-Action", ${JSON.stringify(action)})
	request.Header.Set("X-TC-Version", ${JSON.stringify(version)})
	request.Header.Set("X-TC-Region", ${JSON.stringify(region)})
	request.Header.Set("X-TC-Timestamp", fmt.Sprint(now.Unix()))
	request.Header.Set("Authorization", fmt.Sprintf(
		"TC3-HMAC-SHA256 Credential=%s/%s/gse/tc3_request, SignedHeaders=content-type;host, Signature=%x",
		os.Getenv("TENCENTCLOUD_SECRET_ID"), day, mac(key, toSign)))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		panic(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(answer))
}
`;
}

/** The same call as a program. */
export function code(language: Language, request: Request): string {
  switch (language) {
    case 'curl':
      return curl(request);
    case 'CLI':
      return cli(request);
    case 'Node.js':
      return node(request);
    case 'Python':
      return python(request);
    case 'Go':
      return go(request);
  }
}
