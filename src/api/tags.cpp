// Tags of what bears them, by resource name. The original knows tags at creation only.
#include <fmt/format.h>

#include <algorithm>

#include "api/lookup.h"

namespace gse::api {
namespace {

/// Limits at creation are those of the model's Tags.
constexpr std::size_t kTagsMax = 50;

/// Changes the tags of the resource that an ARN names. `change` may refuse, and nothing is changed then.
template <class Change>
Result<std::vector<Tag>> change_tags(Scope& scope, const std::string& resource, Change&& change) {
    const Settings& settings = scope.step.settings();
    const auto refused = [&](std::string_view what) {
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("Resource '{}' {}; give the ARN of a fleet, asset, alias or queue of this server, "
                                  "qcs::gse:<region>:uin/{}:<kind>/<id>",
                                  resource.substr(0, 200), what, settings.uin));
    };
    const Arn arn = split_arn(settings, resource);
    if (!arn.wrong.empty()) return refused(arn.wrong);
    if (arn.region != scope.region)
        return refused(fmt::format("is of region {}, and the request of region {}", arn.region, scope.region));
    core::State& state = scope.state();
    const auto apply = [&]<class Record>(core::Slot slot, const Record& record) -> Result<std::vector<Tag>> {
        std::vector<core::Tag> tags = record.tags;
        TRY(change(tags));
        state.edit<Record>(slot)->tags = std::move(tags);
        return show_tags(record.tags);
    };
    if (arn.kind == "fleet") {
        const core::Slot slot = TRY(need_living_fleet(scope, arn.id));
        return apply(slot, state.at<core::Fleet>(slot));
    }
    if (arn.kind == "asset") {
        const core::Slot slot = TRY(need_asset(scope, arn.id));
        return apply(slot, state.at<core::Asset>(slot));
    }
    if (arn.kind == "alias") {
        const core::Slot slot = TRY(need_alias(scope, arn.id));
        return apply(slot, state.at<core::Alias>(slot));
    }
    // The wire says queue, access policies say the other [API:CreateGameServerSessionQueue].
    if (arn.kind == "queue" || arn.kind == "gameServerSessionQueue") {
        const core::Slot slot = TRY(need_queue(scope, arn.id));
        return apply(slot, state.at<core::Queue>(slot));
    }
    return refused("names none of these");
}

}  // namespace

Result<TagResourceResponse> handle(Scope& scope, const TagResourceRequest& request) {
    const std::vector<core::Tag> added = TRY(store_tags(request.tags));
    const auto add = [&](std::vector<core::Tag>& tags) -> Result<void> {
        for (const core::Tag& tag : added) {
            const auto known =
                std::find_if(tags.begin(), tags.end(), [&](const core::Tag& t) { return t.key == tag.key; });
            if (known != tags.end())
                known->value = tag.value;
            else
                tags.push_back(tag);
        }
        if (tags.size() > kTagsMax)
            return refuse(ErrorCode::LimitExceeded,
                          fmt::format("The resource would have {} tags; it may have {}. Take some away first",
                                      tags.size(), kTagsMax));
        return {};
    };
    return TagResourceResponse{.tags = TRY(change_tags(scope, request.resource, add))};
}

Result<UntagResourceResponse> handle(Scope& scope, const UntagResourceRequest& request) {
    const auto take = [&](std::vector<core::Tag>& tags) -> Result<void> {
        std::erase_if(tags, [&](const core::Tag& tag) {
            return std::find(request.tag_keys.begin(), request.tag_keys.end(), tag.key) != request.tag_keys.end();
        });
        return {};
    };
    return UntagResourceResponse{.tags = TRY(change_tags(scope, request.resource, take))};
}

}  // namespace gse::api
