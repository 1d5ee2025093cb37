/// The Pod that a host is: what an operator's template says, and over it what OpenGSE needs.
#pragma once

#include <boost/json/object.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "core/provided_hosts.h"

namespace gse::hosts {

struct PodOptions {
    std::string deployment;  ///< whose Pods these are; a label
    std::string space;
    std::string server;  ///< the link's address for agents
    std::string image;   ///< where the template names none
    Millis grace{3'600'000};
    std::vector<std::string> agent_settings;
};

/// Reads `FLEET-NAME`, else `INSTANCE-TYPE`, else `default` with .yaml, .yml or .json from the folder; an empty Pod
/// where there is none, or `folder` is "". InvalidParameter names the file.
[[nodiscard]] Result<boost::json::object> read_template(const std::filesystem::path& folder, std::string_view fleet,
                                                        std::string_view instance_type);

/// As it is sent to the API server. InvalidParameterValue: the template cannot be used, with what to change.
[[nodiscard]] Result<boost::json::object> make_pod(boost::json::object form, const core::ProvidedHost& host,
                                                   const PodOptions& options);
/// Holds the enrolment token; belongs to the Pod, and goes with it. `token` is all that its machine needs.
[[nodiscard]] boost::json::object make_secret(const core::ProvidedHost& host, const PodOptions& options,
                                              const std::string& pod_uid, const std::string& token);

}  // namespace gse::hosts
