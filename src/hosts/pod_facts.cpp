#include "hosts/pod_facts.h"

#include <fmt/format.h>

#include "hosts/json_path.h"

namespace gse::hosts {
namespace {

namespace json = boost::json;

/// The condition of that type whose status is `status`; null when there is none.
const json::object* condition(const json::object& of, std::string_view type, std::string_view status) {
    if (const json::array* all = array_at(of, {"status", "conditions"}))
        for (const json::value& one : *all)
            if (text_at(one, {"type"}) == type && text_at(one, {"status"}) == status) return one.if_object();
    return nullptr;
}

std::string reason_and_message(const json::object& of) {
    const std::string reason = text_at(of, {"reason"});
    const std::string message = text_at(of, {"message"});
    if (reason.empty() || message.empty()) return reason + message;
    return reason + ": " + message;
}

const json::object* agent_status(const json::object& pod) {
    for (const char* list : {"containerStatuses", "initContainerStatuses"})
        if (const json::array* all = array_at(pod, {"status", list}))
            for (const json::value& one : *all)
                if (text_at(one, {"name"}) == kAgentContainer) return one.if_object();
    return nullptr;
}

/// A container that waits for what will not come by itself.
void read_waiting(const json::object& pod, PodFacts& facts) {
    for (const char* list : {"initContainerStatuses", "containerStatuses"}) {
        const json::array* all = array_at(pod, {"status", list});
        if (!all) continue;
        for (const json::value& one : *all) {
            const std::string reason = text_at(one, {"state", "waiting", "reason"});
            if (reason.empty() || reason == "ContainerCreating" || reason == "PodInitializing") continue;
            facts.wait_reason = reason;
            facts.wait_message = fmt::format("container {} ({}): {}", text_at(one, {"name"}), text_at(one, {"image"}),
                                             text_at(one, {"state", "waiting", "message"}));
            return;
        }
    }
}

/// What became of the agent's container, when it ended.
std::string read_termination(const json::object& status) {
    for (const char* state : {"state", "lastState"}) {
        const json::object* over = object_at(status, {state, "terminated"});
        if (!over) continue;
        const std::string why = reason_and_message(*over);
        const std::string code = fmt::format("exit code {}", number_at(*over, {"exitCode"}));
        return why.empty() ? code : fmt::format("{} ({})", code, why);
    }
    return "";
}

std::string read_end(const json::object& pod, PodPhase phase) {
    const json::object* agent = agent_status(pod);
    const std::string termination = agent ? read_termination(*agent) : "";
    if (phase == PodPhase::Over) {
        std::string why = reason_and_message(*object_at(pod, {"status"}));
        if (const json::object* by = condition(pod, "DisruptionTarget", "True"); by && why.empty())
            why = reason_and_message(*by);
        if (!termination.empty())
            why += (why.empty() ? "its agent ended with " : "; its agent ended with ") + termination;
        return why.empty() ? "it is over" : why;
    }
    // Its games went with it, and the one that runs now knows nothing of them.
    if (agent && number_at(*agent, {"restartCount"}) > 0)
        return fmt::format("the agent's container was started again{}",
                           termination.empty() ? "" : " after it had ended with " + termination);
    if (agent && object_at(*agent, {"state", "terminated"})) return "its agent ended with " + termination;
    return "";
}

}  // namespace

PodFacts read_pod(const json::object& pod) {
    PodFacts facts;
    facts.name = text_at(pod, {"metadata", "name"});
    facts.uid = text_at(pod, {"metadata", "uid"});
    facts.host = text_at(pod, {"metadata", "labels", kHostLabel});
    facts.busy = text_at(pod, {"metadata", "labels", kBusyLabel}) == "true";
    facts.node = text_at(pod, {"spec", "nodeName"});
    facts.host_ip = text_at(pod, {"status", "hostIP"});
    const std::string phase = text_at(pod, {"status", "phase"});
    facts.phase = phase == "Running"                          ? PodPhase::Running
                  : phase == "Failed" || phase == "Succeeded" ? PodPhase::Over
                                                              : PodPhase::Pending;
    if (facts.phase != PodPhase::Over) {
        if (const json::object* no = condition(pod, "PodScheduled", "False")) {
            facts.wait_reason = text_at(*no, {"reason"});
            facts.wait_message = text_at(*no, {"message"});
        } else {
            read_waiting(pod, facts);
        }
    }
    facts.end = read_end(pod, facts.phase);
    if (const std::string at = text_at(pod, {"metadata", "deletionTimestamp"}); !at.empty()) {
        facts.ends_at = parse_time(at).value_or(WallTime{});
        facts.end_grace = Millis{number_at(pod, {"metadata", "deletionGracePeriodSeconds"}) * 1000};
        // By force: its kubelet, where it has one that can be reached, ends it now. Where that is away it runs on, and
        // nobody has given its matches less time than they had.
        if (facts.end_grace == Millis{0}) {
            facts.end_grace = Millis{number_at(pod, {"spec", "terminationGracePeriodSeconds"}) * 1000};
            facts.ends_at = *facts.ends_at + facts.end_grace;
        }
    }
    if (const json::object* by = condition(pod, "DisruptionTarget", "True")) facts.disruption = reason_and_message(*by);
    return facts;
}

NodeFacts read_node(const json::object& node, const std::string& annotation) {
    NodeFacts facts;
    facts.name = text_at(node, {"metadata", "name"});
    facts.cordoned = bool_at(node, {"spec", "unschedulable"});
    if (const json::array* all = array_at(node, {"status", "addresses"}))
        for (const json::value& one : *all) {
            const std::string type = text_at(one, {"type"});
            std::string& slot = type == "ExternalIP" ? facts.external_ip : facts.internal_ip;
            if ((type == "ExternalIP" || type == "InternalIP") && slot.empty()) slot = text_at(one, {"address"});
        }
    if (!annotation.empty()) {
        facts.annotated = text_at(node, {"metadata", "annotations", annotation});
        if (facts.annotated.empty()) facts.annotated = text_at(node, {"metadata", "labels", annotation});
    }
    return facts;
}

}  // namespace gse::hosts
