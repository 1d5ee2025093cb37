#include "hosts/host_news.h"

#include "core/provided_hosts.h"

namespace gse::hosts {

void apply(core::Step& step, const HostNews& news) {
    using Kind = HostNews::Kind;
    switch (news.kind) {
        case Kind::Placed: return core::on_host_placed(step, news.host, news.text, news.more);
        case Kind::Runs: return core::on_host_runs(step, news.host);
        case Kind::Waits: return core::on_host_waits(step, news.host, news.text, news.more);
        case Kind::Ending: return core::on_host_ending(step, news.host, news.text, news.left);
        case Kind::Closed: return core::on_place_closed(step, news.host, news.more, true);
        case Kind::Opened: return core::on_place_closed(step, news.host, news.more, false);
        case Kind::Gone: return core::on_host_gone(step, news.host, news.text);
    }
}

}  // namespace gse::hosts
