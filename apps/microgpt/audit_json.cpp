// An audit for machines: docs/audit.md.
#include <nlohmann/json.hpp>

#include "audit_report.h"

namespace microgpt {
namespace {

using Json = nlohmann::ordered_json;

class AuditWriter {
 public:
  explicit AuditWriter(const AuditReport& report) : report_(report), audit_(report.audit) {}

  Json write() const {
    Json json = head();
    for (const Attack& attack : audit_.attacks) {
      Json object = json_of(attack.prefix);
      object["witnesses"] = json_of(attack.witnesses);
      json["attacks"].push_back(std::move(object));
    }
    for (const PrefixLength& all : audit_.lengths) json["lengths"].push_back(json_of(all));
    json["data"] = report_.data ? json_of(*report_.data) : Json();
    if (!report_.data) json["no_data"] = report_.no_data;
    for (const AuditedPrefix& prefix : audit_.prefixes) json["prefixes"].push_back(json_of(prefix));
    return json;
  }

 private:
  Json head() const {
    const AuditConfig& config = report_.config;
    return {{"format", "microgpt-audit-v1"},
            {"model", report_.model},
            {"policy",
             {{"name", report_.policy.name},
              {"words", report_.policy.words.size()},
              {"unspellable", report_.unspellable}}},
            {"temperature", config.temperature},
            {"prune", config.prune},
            {"prune_prefixes", config.prune_prefixes},
            {"nodes", audit_.nodes},
            {"certificate",
             {{"holds", audit_.certificate.holds()},
              {"situations", audit_.certificate.situations},
              {"dead_ends", audit_.certificate.dead_ends}}},
            {"unsafe", json_of(report_.none().unsafe)},
            {"witnesses", json_of(audit_.witnesses)},
            {"attacks", Json::array()},
            {"lengths", Json::array()}};
  }

  Json json_of(const Bounds& bounds) const {
    return {{"at_least", bounds.at_least}, {"at_most", bounds.at_most}};
  }

  Json json_of(const std::vector<Witness>& witnesses) const {
    Json all = Json::array();
    for (const Witness& witness : witnesses) {
      all.push_back({{"text", witness.text},
                     {"whole", witness.whole},
                     {"probability", witness.probability},
                     {"word", report_.word(witness.word)}});
    }
    return all;
  }

  Json json_of(const AuditedPrefix& prefix) const {
    Json object = {{"prefix", prefix.text},
                   {"probability", prefix.probability},
                   {"unsafe", json_of(prefix.unsafe)},
                   {"all_tries_fail", json_of(prefix.all_tries_fail())},
                   {"certified", prefix.hopeless ? Json() : Json(0)},
                   {"hopeless", prefix.hopeless},
                   {"refused", prefix.refused},
                   {"word", nullptr}};
    if (prefix.word) object["word"] = report_.word(*prefix.word);
    return object;
  }

  Json json_of(const PrefixLength& all) const {
    return {{"length", all.length},
            {"prefixes", all.prefixes},
            {"hopeless", all.hopeless},
            {"refused", all.refused},
            {"refused_probability", all.refused_probability},
            {"safe_refused", json_of(all.safe_refused)}};
  }

  Json json_of(const AuditedData& data) const {
    Json names = Json::array();
    for (const UnsafeDocument& document : data.unsafe) {
      names.push_back({{"text", document.text},
                       {"word", report_.word(document.word)},
                       {"times", document.times},
                       {"probability", nullptr}});
      if (document.probability) names.back()["probability"] = *document.probability;
    }
    return {{"origin", data.origin},       {"sha256", data.sha256},
            {"is_other", data.is_other},   {"documents", data.documents},
            {"unsafe", data.num_unsafe()}, {"probability", data.probability()},
            {"names", std::move(names)}};
  }

  const AuditReport& report_;
  const Audit& audit_;
};

}  // namespace

std::string audit_json(const AuditReport& report) {
  return AuditWriter(report).write().dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace microgpt
