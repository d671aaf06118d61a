import { type PlanRefusal, refuseField } from "../src/plan.ts";

/** The samplers of ComfyUI's KSampler. */
export const samplers: readonly string[] = (
  "euler euler_cfg_pp euler_ancestral euler_ancestral_cfg_pp heun heunpp2 dpm_2 dpm_2_ancestral lms dpm_fast dpm_adaptive " +
  "dpmpp_2s_ancestral dpmpp_2s_ancestral_cfg_pp dpmpp_sde dpmpp_sde_gpu dpmpp_2m dpmpp_2m_cfg_pp dpmpp_2m_sde dpmpp_2m_sde_gpu " +
  "dpmpp_2m_sde_heun dpmpp_2m_sde_heun_gpu dpmpp_3m_sde dpmpp_3m_sde_gpu ddpm lcm ipndm ipndm_v deis res_multistep " +
  "res_multistep_cfg_pp res_multistep_ancestral res_multistep_ancestral_cfg_pp gradient_estimation gradient_estimation_cfg_pp " +
  "er_sde seeds_2 seeds_3 sa_solver sa_solver_pece ddim uni_pc uni_pc_bh2"
).split(" ");

/** The schedulers of ComfyUI's KSampler. */
export const schedulers: readonly string[] =
  "simple sgm_uniform karras exponential ddim_uniform beta normal linear_quadratic kl_optimal".split(" ");

/** Refuses a word that is not in the list, naming the list; undefined when the word is fine or absent. */
export function refuseUnknownWord(
  field: string,
  word: string | undefined,
  words: Iterable<string>,
): PlanRefusal | undefined {
  const known = [...words];
  if (word === undefined || known.includes(word)) return undefined;
  return refuseField(field, `${field} ${JSON.stringify(word)} is not known: expected one of ${known.join(", ")}.`);
}
