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

function curl({ action, region, endpoint, version, values }: Request): string {
  const host = endpoint.replace(/^https?:\/\//, '');
  return `#!/bin/bash
# Set SECRET_ID and SECRET_KEY before.
set -eu
body=${shell(compactJson(values))}
host=${shell(host)}
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
key=$(mac "key:TC3$SECRET_KEY" "$day")
key=$(mac "hexkey:$key" gse)
key=$(mac "hexkey:$key" tc3_request)
signature=$(mac "hexkey:$key" "$to_sign")
curl -sS ${shell(`${endpoint}/`)} \\
  -H "Host: $host" -H 'Content-Type: application/json' \\
  -H 'X-TC-Action: ${action}' -H 'X-TC-Version: ${version}' -H 'X-TC-Region: ${region}' -H "X-TC-Timestamp: $time" \\
  -H "Authorization: TC3-HMAC-SHA256 Credential=$SECRET_ID/$day/gse/tc3_request, SignedHeaders=content-type;host, Signature=$signature" \\
  -d "$body"
`;
}

function cli({ action, region, endpoint, values }: Request): string {
  return `gse call ${action} --endpoint ${shell(endpoint)} --region ${region} --json ${shell(compactJson(values))}\n`;
}

function node({ action, region, endpoint, version, extension, values }: Request): string {
  const [protocol = 'http', host = ''] = endpoint.split('://');
  const parts = `  credential: { secretId: process.env.SECRET_ID, secretKey: process.env.SECRET_KEY },
  region: ${JSON.stringify(region)},
  profile: { httpProfile: { endpoint: ${JSON.stringify(host)}, protocol: ${JSON.stringify(`${protocol}://`)} } },`;
  if (extension) {
    return `// npm install tencentcloud-sdk-nodejs@4.1.49
const { CommonClient } = require("tencentcloud-sdk-nodejs/tencentcloud/common/common_client");

const client = new CommonClient(${JSON.stringify(host)}, ${JSON.stringify(version)}, {
${parts}
});
client.request(${JSON.stringify(action)}, ${indented(values, '')}).then(console.log, console.error);
`;
  }
  return `// npm install tencentcloud-sdk-nodejs@4.1.49
const { gse } = require("tencentcloud-sdk-nodejs");

const client = new gse.v20191112.Client({
${parts}
});
client.${action}(${indented(values, '')}).then(console.log, console.error);
`;
}

/** JSON as Python writes it. */
function python({ action, region, endpoint, version, values }: Request): string {
  const [protocol = 'http', host = ''] = endpoint.split('://');
  return `# pip install tencentcloud-sdk-python-common
import json
import os

from tencentcloud.common import credential
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

http = HttpProfile(endpoint=${JSON.stringify(host)}, protocol=${JSON.stringify(protocol)})
client = CommonClient(
    "gse",
    ${JSON.stringify(version)},
    credential.Credential(os.environ["SECRET_ID"], os.environ["SECRET_KEY"]),
    ${JSON.stringify(region)},
    profile=ClientProfile(httpProfile=http),
)
request = json.loads(${JSON.stringify(JSON.stringify(values))})
print(client.call_json(${JSON.stringify(action)}, request))
`;
}

function go({ action, region, endpoint, version, values }: Request): string {
  const [protocol = 'http', host = ''] = endpoint.split('://');
  return `// go get github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common
package main

import (
	"fmt"
	"os"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	tchttp "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/http"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"
)

func main() {
	prof := profile.NewClientProfile()
	prof.HttpProfile.Endpoint = ${JSON.stringify(host)}
	prof.HttpProfile.Scheme = ${JSON.stringify(protocol.toUpperCase())}
	client := common.NewCommonClient(
		common.NewCredential(os.Getenv("SECRET_ID"), os.Getenv("SECRET_KEY")), ${JSON.stringify(region)}, prof)
	request := tchttp.NewCommonRequest("gse", ${JSON.stringify(version)}, ${JSON.stringify(action)})
	if err := request.SetActionParameters([]byte(${JSON.stringify(JSON.stringify(values))})); err != nil {
		panic(err)
	}
	response := tchttp.NewCommonResponse()
	if err := client.Send(request, response); err != nil {
		panic(err)
	}
	fmt.Println(string(response.GetBody()))
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
