#include "plain_loops.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace plain_loops {
namespace {

constexpr int T = 16, C = 16, H = 4, D = C / H, M = 4 * C;  // positions, width, heads, MLP
constexpr int kMaxVocab = 128;

// Where each matrix starts among the parameters.
struct Offsets {
  explicit Offsets(int V) : wte(0), wpe(V * C), head(wpe + T * C), wq(head + V * C) {}
  int wte, wpe, head;
  int wq, wk = wq + C * C, wv = wk + C * C, wo = wv + C * C, fc1 = wo + C * C, fc2 = fc1 + M * C,
          end = fc2 + C * M;
};

// What the backward pass needs of a position.
struct Position {
  float emb[C], emb_scale;     // wte + wpe, and the scale that normalizes it
  float x0[C], scale0, n0[C];  // the block's input, and what attention sees of it
  float q[C], k[C], v[C];
  float attn[H][T], mixed[C];  // weights, and the values mixed by them
  float x1[C], scale1, n1[C];  // after attention, and what the MLP sees of it
  float hidden[M], x2[C];      // relu(fc1), and the block's output
  float probs[kMaxVocab];
};

// y = W x, W of shape (O, I).
template <int O, int I>
void linear(float* __restrict y, const float* __restrict x, const float* __restrict w) {
  for (int o = 0; o < O; ++o) {
    float sum = 0;
    for (int i = 0; i < I; ++i) sum += w[o * I + i] * x[i];
    y[o] = sum;
  }
}

// dx += W^T dy, dW += dy x^T.
template <int O, int I>
void linear_backward(float* __restrict dx, float* __restrict dw, const float* __restrict dy,
                     const float* __restrict x, const float* __restrict w) {
  for (int o = 0; o < O; ++o) {
    for (int i = 0; i < I; ++i) dx[i] += w[o * I + i] * dy[o];
    for (int i = 0; i < I; ++i) dw[o * I + i] += x[i] * dy[o];
  }
}

// y = x * s, s = 1 / sqrt(mean(x^2) + 1e-5), which is returned.
float rmsnorm(float* __restrict y, const float* __restrict x) {
  float sum = 0;
  for (int i = 0; i < C; ++i) sum += x[i] * x[i];
  const float s = 1.0f / std::sqrt(sum / C + 1e-5f);
  for (int i = 0; i < C; ++i) y[i] = x[i] * s;
  return s;
}

// ds/dx_j = -s^3 x_j / C, hence dx_j += s dy_j - x_j s^3 / C sum_i(x_i dy_i).
void rmsnorm_backward(float* __restrict dx, const float* __restrict dy, const float* __restrict x,
                      float s) {
  float sum = 0;
  for (int i = 0; i < C; ++i) sum += x[i] * dy[i];
  const float k = sum * s * s * s / C;
  for (int i = 0; i < C; ++i) dx[i] += s * dy[i] - k * x[i];
}

void softmax(float* x, int n) {
  float max = x[0], sum = 0;
  for (int i = 1; i < n; ++i) max = std::max(max, x[i]);
  for (int i = 0; i < n; ++i) sum += x[i] = std::exp(x[i] - max);
  for (int i = 0; i < n; ++i) x[i] /= sum;
}

void attention(Position* at, int t) {
  Position& p = at[t];
  const float scale = 1.0f / std::sqrt(float(D));
  for (int h = 0; h < H; ++h) {
    for (int s = 0; s <= t; ++s) {
      float dot = 0;
      for (int d = h * D; d < (h + 1) * D; ++d) dot += p.q[d] * at[s].k[d];
      p.attn[h][s] = dot * scale;
    }
    softmax(p.attn[h], t + 1);
    for (int d = h * D; d < (h + 1) * D; ++d) {
      float sum = 0;
      for (int s = 0; s <= t; ++s) sum += p.attn[h][s] * at[s].v[d];
      p.mixed[d] = sum;
    }
  }
}

// Adds to the gradients of this position's query and of all keys and values up to it.
// With P = softmax(S): dS = P * (dP - sum(P * dP)).
void attention_backward(const Position* at, int t, const float* dmixed, float* dq, float (*dk)[C],
                        float (*dv)[C]) {
  const Position& p = at[t];
  const float scale = 1.0f / std::sqrt(float(D));
  for (int h = 0; h < H; ++h) {
    float dattn[T], sum = 0;
    for (int s = 0; s <= t; ++s) {
      dattn[s] = 0;
      for (int d = h * D; d < (h + 1) * D; ++d) {
        dattn[s] += dmixed[d] * at[s].v[d];
        dv[s][d] += dmixed[d] * p.attn[h][s];
      }
      sum += dattn[s] * p.attn[h][s];
    }
    for (int s = 0; s <= t; ++s) {
      const float dscore = p.attn[h][s] * (dattn[s] - sum) * scale;
      for (int d = h * D; d < (h + 1) * D; ++d) {
        dq[d] += dscore * at[s].k[d];
        dk[s][d] += dscore * p.q[d];
      }
    }
  }
}

}  // namespace

Model::Model(int vocab_size)
    : vocab_size_(std::min(vocab_size, kMaxVocab)),
      params_(static_cast<std::size_t>(Offsets(vocab_size_).end)),
      grads_(params_.size()),
      m_(params_.size()),
      v_(params_.size()) {}

float Model::loss_and_grad(const std::vector<int>* documents, int count) {
  int tokens = 0;
  for (int i = 0; i < count; ++i) tokens += std::min(T, int(documents[i].size()) - 1);
  float loss = 0;
  for (int i = 0; i < count; ++i) {
    loss += document(documents[i].data(), std::min(T, int(documents[i].size()) - 1),
                     1.0f / float(tokens));
  }
  return loss;
}

float Model::document(const int* tokens, int n, float scale) {
  const int V = vocab_size_;
  const Offsets at(V);
  const float* w = params_.data();
  float* dw = grads_.data();
  Position pos[T];
  float loss = 0;

  for (int t = 0; t < n; ++t) {
    Position& p = pos[t];
    for (int i = 0; i < C; ++i) p.emb[i] = w[at.wte + tokens[t] * C + i] + w[at.wpe + t * C + i];
    p.emb_scale = rmsnorm(p.x0, p.emb);
    p.scale0 = rmsnorm(p.n0, p.x0);
    linear<C, C>(p.q, p.n0, w + at.wq);
    linear<C, C>(p.k, p.n0, w + at.wk);
    linear<C, C>(p.v, p.n0, w + at.wv);
    attention(pos, t);
    linear<C, C>(p.x1, p.mixed, w + at.wo);
    for (int i = 0; i < C; ++i) p.x1[i] += p.x0[i];
    p.scale1 = rmsnorm(p.n1, p.x1);
    linear<M, C>(p.hidden, p.n1, w + at.fc1);
    for (int i = 0; i < M; ++i) p.hidden[i] = std::max(p.hidden[i], 0.0f);
    linear<C, M>(p.x2, p.hidden, w + at.fc2);
    for (int i = 0; i < C; ++i) p.x2[i] += p.x1[i];
    for (int o = 0; o < V; ++o) {
      float sum = 0;
      for (int i = 0; i < C; ++i) sum += w[at.head + o * C + i] * p.x2[i];
      p.probs[o] = sum;
    }
    softmax(p.probs, V);
    loss -= std::log(p.probs[tokens[t + 1]]) * scale;
  }

  // Last position first: when a position's turn comes, all that attends to it has been there.
  float dk[T][C] = {}, dv[T][C] = {};
  for (int t = n - 1; t >= 0; --t) {
    const Position& p = pos[t];
    float dx[C] = {}, dhidden[M] = {}, dn[C] = {}, dmixed[C] = {}, dq[C] = {}, demb[C] = {};
    for (int o = 0; o < V; ++o) {
      const float dlogit = (p.probs[o] - float(o == tokens[t + 1])) * scale;
      for (int i = 0; i < C; ++i) dx[i] += w[at.head + o * C + i] * dlogit;
      for (int i = 0; i < C; ++i) dw[at.head + o * C + i] += p.x2[i] * dlogit;
    }
    linear_backward<C, M>(dhidden, dw + at.fc2, dx, p.hidden, w + at.fc2);
    for (int i = 0; i < M; ++i) dhidden[i] = p.hidden[i] > 0 ? dhidden[i] : 0.0f;
    linear_backward<M, C>(dn, dw + at.fc1, dhidden, p.n1, w + at.fc1);
    rmsnorm_backward(dx, dn, p.x1, p.scale1);
    linear_backward<C, C>(dmixed, dw + at.wo, dx, p.mixed, w + at.wo);
    attention_backward(pos, t, dmixed, dq, dk, dv);
    std::fill(dn, dn + C, 0.0f);
    linear_backward<C, C>(dn, dw + at.wq, dq, p.n0, w + at.wq);
    linear_backward<C, C>(dn, dw + at.wk, dk[t], p.n0, w + at.wk);
    linear_backward<C, C>(dn, dw + at.wv, dv[t], p.n0, w + at.wv);
    rmsnorm_backward(dx, dn, p.x0, p.scale0);
    rmsnorm_backward(demb, dx, p.emb, p.emb_scale);
    for (int i = 0; i < C; ++i) dw[at.wte + tokens[t] * C + i] += demb[i];
    for (int i = 0; i < C; ++i) dw[at.wpe + t * C + i] += demb[i];
  }
  return loss;
}

void Model::adam_step(int step, float learning_rate) {
  constexpr float kBeta1 = 0.85f, kBeta2 = 0.99f, kEps = 1e-8f;
  const float m_correction = 1 / (1 - std::pow(kBeta1, float(step + 1)));
  const float v_correction = 1 / (1 - std::pow(kBeta2, float(step + 1)));
  for (std::size_t i = 0; i < params_.size(); ++i) {
    m_[i] = kBeta1 * m_[i] + (1 - kBeta1) * grads_[i];
    v_[i] = kBeta2 * v_[i] + (1 - kBeta2) * grads_[i] * grads_[i];
    params_[i] -= learning_rate * m_[i] * m_correction / (std::sqrt(v_[i] * v_correction) + kEps);
    grads_[i] = 0;
  }
}

}  // namespace plain_loops
