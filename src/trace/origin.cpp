#include "trace/origin.h"

#include <algorithm>
#include <array>
#include <span>

namespace microgpt {
namespace {

struct Row {
  std::string_view name;  // the end of a path
  int python_line;
  std::string_view python_function;
  std::string_view formula;
};

constexpr std::array kModel = {
    Row{".tok_emb", 109, "gpt", "wte[token_id]"},
    Row{".pos_emb", 110, "gpt", "wpe[pos_id]"},
    Row{".embedding", 111, "gpt", "tok_emb + pos_emb"},
    Row{".ms", 104, "rmsnorm", "sum(x[i]*x[i] for all i) / len(x)"},
    Row{".scale", 105, "rmsnorm", "(ms + 1e-5)**-0.5"},
    Row{".x", 106, "rmsnorm", "x*scale"},
    Row{".q", 118, "gpt", "linear(attn_norm.x, attn_wq)"},
    Row{".k", 119, "gpt", "linear(attn_norm.x, attn_wk)"},
    Row{".v", 120, "gpt", "linear(attn_norm.x, attn_wv)"},
    Row{".keys", 121, "gpt", "k of each position so far"},
    Row{".values", 122, "gpt", "v of each position so far"},
    Row{".dots", 129, "gpt", "sum(q_h[j]*k_h[t][j] for all j)"},
    Row{".scores", 129, "gpt", "dots / head_dim**0.5"},
    Row{".exps", 99, "softmax", "exp(x - max(x))"},
    Row{".total", 100, "softmax", "sum(exps)"},
    Row{".weights", 130, "gpt", "exps / total"},
    Row{".out", 131, "gpt", "sum(weights[t]*v_h[t][j] for all t)"},
    Row{".x_attn", 132, "gpt", "the heads' out, end to end"},
    Row{".attn_out", 133, "gpt", "linear(x_attn, attn_wo)"},
    Row{".attn_residual", 134, "gpt", "attn_out + the layer's input"},
    Row{".mlp_pre", 138, "gpt", "linear(mlp_norm.x, mlp_fc1)"},
    Row{".mlp_act", 139, "gpt", "relu(mlp_pre)"},
    Row{".mlp_out", 140, "gpt", "linear(mlp_act, mlp_fc2)"},
    Row{".mlp_residual", 141, "gpt", "mlp_out + attn_residual"},
    Row{".logits", 143, "gpt", "linear(the last layer's output, lm_head)"},
    Row{".probs", 166, "", "exps / total"},
    Row{".loss", 167, "", "-log(probs[target_id])"},
    Row{"loss", 169, "", "(1 / n)*sum(losses)"},
};

constexpr std::string_view kGauss = "first drawn as gauss(0, std)";
constexpr std::array kParameters = {
    Row{"wte", 81, "", kGauss},      Row{"wpe", 81, "", kGauss},
    Row{"lm_head", 81, "", kGauss},  Row{".attn_wq", 83, "", kGauss},
    Row{".attn_wk", 84, "", kGauss}, Row{".attn_wv", 85, "", kGauss},
    Row{".attn_wo", 86, "", kGauss}, Row{".mlp_fc1", 87, "", kGauss},
    Row{".mlp_fc2", 88, "", kGauss},
};
constexpr int kGaussLine = 73;  // of src/model/state_dict.cpp

// The lines of src/reference/adam.h follow one another.
constexpr int kAdamLine = 27;
constexpr std::array kAdam = {
    Row{"m", 177, "", "beta1*m + (1 - beta1)*grad"},
    Row{"v", 178, "", "beta2*v + (1 - beta2)*grad**2"},
    Row{"m_hat", 179, "", "m / (1 - beta1**(step + 1))"},
    Row{"v_hat", 180, "", "v / (1 - beta2**(step + 1))"},
    Row{"update", 181, "", "lr_t*m_hat / (v_hat**0.5 + eps_adam)"},
    Row{"data", 181, "", "data - update"},
};

bool is_of(std::string_view name, const Row& row) {
  return name == row.name || (row.name.starts_with('.') && name.ends_with(row.name));
}

const Row& find_row(std::span<const Row> rows, std::string_view name) {
  return *std::ranges::find_if(rows, [&](const Row& row) { return is_of(name, row); });
}

Origin at(const Row& row, std::string_view file, int line) {
  return {std::string(file), line, row.python_line, row.python_function, row.formula};
}

}  // namespace

std::string_view project_path(std::string_view file) {
  const auto start = file.rfind("src/");
  return start == std::string_view::npos ? file : file.substr(start);
}

Origin origin_of(std::string_view name, const std::source_location& place) {
  return at(find_row(kModel, name), project_path(place.file_name()),
            static_cast<int>(place.line()));
}

Origin parameter_origin(std::string_view name) {
  return at(find_row(kParameters, name), "src/model/state_dict.cpp", kGaussLine);
}

Origin adam_origin(std::string_view name) {
  const Row& row = find_row(kAdam, name);
  return at(row, "src/reference/adam.h", kAdamLine + static_cast<int>(&row - kAdam.data()));
}

}  // namespace microgpt
