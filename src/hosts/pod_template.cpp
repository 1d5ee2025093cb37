#include "hosts/pod_template.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>

#include "base/file.h"
#include "hosts/json_path.h"
#include "hosts/pod_facts.h"
#include "hosts/yaml.h"

namespace gse::hosts {
namespace {

namespace json = boost::json;

constexpr std::size_t kTemplateMax = 1 << 20;
constexpr const char* kTokenFolder = "/var/run/opengse";
constexpr const char* kDataFolder = "/var/lib/gse-agent";
constexpr const char* kTokenVolume = "opengse-token";
constexpr const char* kDataVolume = "opengse-data";

/// What fleets may be called is no file's name.
std::string file_stem(std::string_view name) {
    std::string out;
    for (const char c : name.substr(0, 100)) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                           c == '_' || c == '.';
        out += plain ? c : '_';
    }
    return out.starts_with('.') ? "_" + out : out;
}

/// Refuses what is there, but of another kind.
template <class Kind>
Result<Kind*> child(json::object& of, std::string_view name) {
    json::value& slot = of[name];
    if (slot.is_null()) slot = Kind();
    if constexpr (std::is_same_v<Kind, json::object>) {
        if (slot.is_object()) return &slot.get_object();
        return refuse(ErrorCode::InvalidParameterValue, fmt::format("'{}' must be a mapping", name));
    } else {
        if (slot.is_array()) return &slot.get_array();
        return refuse(ErrorCode::InvalidParameterValue, fmt::format("'{}' must be a list", name));
    }
}

Result<json::object*> agent_container(json::object& spec) {
    json::array& containers = *TRY(child<json::array>(spec, "containers"));
    for (json::value& one : containers) {
        if (!one.is_object()) return refuse(ErrorCode::InvalidParameterValue, "a container must be a mapping");
        if (text_at(one, {"name"}) == kAgentContainer) return &one.get_object();
    }
    containers.insert(containers.begin(), json::object{{"name", kAgentContainer}});
    return &containers.front().get_object();
}

json::array agent_words(const core::ProvidedHost& host, const PodOptions& options) {
    json::array words{"agent",  "--join",    options.server, "--token-file", fmt::format("{}/token", kTokenFolder),
                      "--data", kDataFolder, "--name",       host.name,      "--capacity",
                      "1",      "--region",  host.region};
    const auto set = [&words](std::string setting) {
        words.emplace_back("--set");
        words.emplace_back(std::move(setting));
    };
    set(fmt::format("hosts.port_low={}", host.ports.low));
    set(fmt::format("hosts.port_high={}", host.ports.high));
    set(fmt::format("agent.labels=[\"node=$(OPENGSE_NODE)\", \"pod={}\"]", host.name));
    // It is asked to end while matches run: by an eviction, say.
    set("agent.drain_on_stop=true");
    // Its container has what the template gives it: an instance type is no further bound.
    set("agent.type_limits=off");
    for (const std::string& setting : options.agent_settings) set(setting);
    return words;
}

/// True: its data lies in the volume that we bring along, and not in one of the template's.
Result<bool> fill_container(json::object& agent, const core::ProvidedHost& host, const PodOptions& options) {
    if (text_at(agent, {"image"}).empty()) {
        if (options.image.empty())
            return refuse(ErrorCode::InvalidParameterValue,
                          "the container named agent has no image: give it one, or set kubernetes.image");
        agent["image"] = options.image;
    }
    agent["args"] = agent_words(host, options);
    json::array& ports = *TRY(child<json::array>(agent, "ports"));
    for (const core::OpenPort& open : host.open_ports)
        for (const char* protocol : {"TCP", "UDP"})
            if (protocol[0] == 'T' ? open.tcp : open.udp)
                ports.push_back(
                    json::object{{"containerPort", open.port}, {"hostPort", open.port}, {"protocol", protocol}});
    json::array& environment = *TRY(child<json::array>(agent, "env"));
    environment.insert(
        environment.begin(),
        json::object{{"name", "OPENGSE_NODE"},
                     {"valueFrom", json::object{{"fieldRef", json::object{{"fieldPath", "spec.nodeName"}}}}}});
    json::array& mounts = *TRY(child<json::array>(agent, "volumeMounts"));
    bool has_data = false;
    for (const json::value& mount : mounts) has_data = has_data || text_at(mount, {"mountPath"}) == kDataFolder;
    if (!has_data) mounts.push_back(json::object{{"name", kDataVolume}, {"mountPath", kDataFolder}});
    mounts.push_back(json::object{{"name", kTokenVolume}, {"mountPath", kTokenFolder}, {"readOnly", true}});
    return !has_data;
}

/// On the node's own network there is one loopback, and one agent's door for games on it.
Result<void> keep_apart(json::object& spec, const PodOptions& options) {
    json::object& affinity = *TRY(child<json::object>(spec, "affinity"));
    json::object& apart = *TRY(child<json::object>(affinity, "podAntiAffinity"));
    json::array& required = *TRY(child<json::array>(apart, "requiredDuringSchedulingIgnoredDuringExecution"));
    required.push_back(json::object{
        {"labelSelector", json::object{{"matchLabels", json::object{{kDeploymentLabel, options.deployment}}}}},
        {"topologyKey", "kubernetes.io/hostname"}});
    return {};
}

}  // namespace

Result<json::object> read_template(const std::filesystem::path& folder, std::string_view fleet,
                                   std::string_view instance_type) {
    if (folder.empty()) return json::object();
    for (const std::string& stem : {file_stem(fleet), file_stem(instance_type), std::string("default")}) {
        for (const char* ending : {".yaml", ".yml", ".json"}) {
            const std::filesystem::path file = folder / (stem + ending);
            std::error_code error;
            if (!std::filesystem::exists(file, error)) continue;
            const auto wrong = [&](const std::string& what) {
                return refuse(ErrorCode::InvalidParameter, fmt::format("the Pod template {}: {}", file.string(), what));
            };
            const auto text = read_file(file, kTemplateMax);
            if (!text) return wrong(text.error().message);
            auto read = read_yaml(*text);
            if (!read) return wrong(read.error().message);
            if (!read->is_object()) return wrong("it must be a Pod: a mapping with metadata and spec");
            if (const std::string kind = text_at(*read, {"kind"}); !kind.empty() && kind != "Pod")
                return wrong(fmt::format("it is a {}, and must be a Pod", kind));
            return std::move(read->get_object());
        }
    }
    return json::object();
}

Result<json::object> make_pod(json::object form, const core::ProvidedHost& host, const PodOptions& options) {
    json::object pod = std::move(form);
    pod["apiVersion"] = "v1";
    pod["kind"] = "Pod";
    pod.erase("status");
    json::object& metadata = *TRY(child<json::object>(pod, "metadata"));
    metadata["name"] = host.name;
    metadata["namespace"] = options.space;
    for (const char* none : {"generateName", "resourceVersion", "uid", "creationTimestamp"}) metadata.erase(none);
    json::object& labels = *TRY(child<json::object>(metadata, "labels"));
    labels["app.kubernetes.io/name"] = "opengse-agent";
    labels["app.kubernetes.io/managed-by"] = "opengse";
    labels[kDeploymentLabel] = options.deployment;
    labels[kHostLabel] = host.id;
    labels["opengse/fleet"] = host.fleet_id;
    labels[kBusyLabel] = host.busy ? "true" : "false";
    json::object& annotations = *TRY(child<json::object>(metadata, "annotations"));
    annotations["opengse/fleet-name"] = host.fleet_name;
    annotations["opengse/instance"] = host.instance_id;
    annotations[kSafeToEvict] = host.busy ? "false" : "true";
    json::object& spec = *TRY(child<json::object>(pod, "spec"));
    // A container that is started again has lost its games; it would come back as somebody else.
    spec["restartPolicy"] = "Never";
    if (!spec.contains("terminationGracePeriodSeconds"))
        spec["terminationGracePeriodSeconds"] = options.grace.count() / 1000;
    // Game servers have no business with the API server.
    if (!spec.contains("automountServiceAccountToken")) spec["automountServiceAccountToken"] = false;
    json::object& agent = *TRY(agent_container(spec));
    const bool own_data = TRY(fill_container(agent, host, options));
    json::array& volumes = *TRY(child<json::array>(spec, "volumes"));
    if (own_data) volumes.push_back(json::object{{"name", kDataVolume}, {"emptyDir", json::object()}});
    volumes.push_back(json::object{{"name", kTokenVolume}, {"secret", json::object{{"secretName", host.name}}}});
    if (bool_at(spec, {"hostNetwork"})) {
        if (!spec.contains("dnsPolicy")) spec["dnsPolicy"] = "ClusterFirstWithHostNet";
        TRY(keep_apart(spec, options));
    }
    return pod;
}

json::object make_secret(const core::ProvidedHost& host, const PodOptions& options, const std::string& pod_uid,
                         const std::string& token) {
    return {{"apiVersion", "v1"},
            {"kind", "Secret"},
            {"type", "Opaque"},
            {"metadata", json::object{{"name", host.name},
                                      {"namespace", options.space},
                                      {"labels", json::object{{"app.kubernetes.io/managed-by", "opengse"},
                                                              {kDeploymentLabel, options.deployment}}},
                                      {"ownerReferences", json::array{json::object{{"apiVersion", "v1"},
                                                                                   {"kind", "Pod"},
                                                                                   {"name", host.name},
                                                                                   {"uid", pod_uid},
                                                                                   {"controller", false},
                                                                                   {"blockOwnerDeletion", false}}}}}},
            {"stringData", json::object{{"token", token}}}};
}

}  // namespace gse::hosts
