#include "main/regions_page.h"

#include "codec/json_text.h"

namespace gse {
namespace {

void add_member(std::string& out, std::string_view name, std::string_view value) {
    if (value.empty()) return;
    if (!out.ends_with('{')) out += ',';
    api::append_json_string(out, name);
    out += ':';
    api::append_json_string(out, value);
}

}  // namespace

std::string regions_text(const core::State& state, const std::string& own) {
    std::string out = "{\"Regions\":[";
    for (const std::string& region : state.settings().regions) {
        if (!out.ends_with('[')) out += ',';
        out += "{\"Region\":";
        api::append_json_string(out, region);
        out += ",\"Hosts\":[";
        std::size_t hosts = 0;
        bool with_http = false;
        state.table<core::Host>().for_each([&](core::Slot, const core::Host& host) {
            if ((!host.region.empty() && host.region != region) || host.lost || host.silent || host.stream == 0) return;
            if ((host.ping_http.empty() && host.ping_udp.empty()) || hosts == kPingHostsMax) return;
            out += hosts++ == 0 ? "{" : ",{";
            with_http = with_http || !host.ping_http.empty();
            add_member(out, "Http", host.ping_http);
            add_member(out, "Udp", host.ping_udp);
            out += '}';
        });
        if (!with_http && hosts < kPingHostsMax) {
            out += hosts == 0 ? "{" : ",{";
            add_member(out, "Http", own);
            out += '}';
        }
        out += "]}";
    }
    return out + "]}";
}

}  // namespace gse
